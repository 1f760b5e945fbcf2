"""What every register shares. Knows Flask-AppBuilder and SQLAlchemy, knows nothing of communities."""
