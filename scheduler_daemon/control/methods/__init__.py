"""The methods of the control socket, one module a noun, as ``cli/`` has one command group a noun."""
