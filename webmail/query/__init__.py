"""A search query and the words it is made of. No I/O."""
