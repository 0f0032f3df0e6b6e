"""What the tables of both services have in common."""

from sqlalchemy import MetaData


def named_constraints() -> MetaData:
    """Return metadata under which each constraint gets a name, so that migrations can change it on every database."""
    return MetaData(
        naming_convention={
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        }
    )
