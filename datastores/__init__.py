"""Database engines behind one base class; no engine mentions a cloud."""
