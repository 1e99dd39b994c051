"""Measures the plugin against an endpoint that does nothing and against the plain generator of
Dify's documentation, each in a real plugin process under the real SDK."""
