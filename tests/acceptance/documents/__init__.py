"""The documents that say what the product is, and how the tests read them."""

from tests.acceptance.documents.reading import Block, Document, read

__all__ = ["Block", "Document", "read"]
