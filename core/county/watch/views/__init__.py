"""Pages of the watch on the county console: they read and never write."""
