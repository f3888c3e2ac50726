"""MySQL, as MariaDB."""
