"""Is everything there that tonight's runs need?

The modules that the client uses, too, where no daemon answers, import nothing of the floors below but ``home``,
``schedule`` and ``watch``.
"""
