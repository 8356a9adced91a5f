"""What makes an index usable from Kibana: objects to import, and Kibana's own API."""
