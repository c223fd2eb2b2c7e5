"""The watch on the county console, and what the core's processes count of themselves."""
