"""What is rendered, against a real API server and a real scheduler."""
