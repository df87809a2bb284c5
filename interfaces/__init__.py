"""Show and accept: live view, API, page, command line and the composition root."""
