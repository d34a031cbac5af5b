"""Is everything there that tonight's runs need?"""
