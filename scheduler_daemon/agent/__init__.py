"""How ``claude`` is called, what its stream says, and what that proves."""
