"""Found through a layer."""
