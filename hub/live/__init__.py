"""The live path: from an agent's frame to PostgreSQL and to a manager's browser."""
