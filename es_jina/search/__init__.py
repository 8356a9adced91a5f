"""From a query to ranked documents."""
