"""Table pages, filters, cell text, export."""
