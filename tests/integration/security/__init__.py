"""What other users of the same machine cannot do."""
