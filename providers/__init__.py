"""Clouds behind one interface; no provider mentions a database."""
