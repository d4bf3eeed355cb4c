"""The object store of the local service: the OSS protocol over plain files."""
