"""How does the daemon become a login service?"""
