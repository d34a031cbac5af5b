"""The profiles that a shortcut names: both are there from the daemon's first start."""

ZAI = "5270805b-3731-41da-8710-fe765f2e58be"
BEDROCK = "9e4eaa7d-ba4e-44c0-861a-712aa75382d1"
