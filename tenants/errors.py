"""What can go wrong with tenants, with the data a page needs to say it."""


class TenantError(Exception):
    """A fault the person at the form or the command can do something about."""


class NotADivisionCode(TenantError):
    """The code of a tenant is the 12-digit code of its hall's division."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code!r} is not a 12-digit division code.")
        self.code = code


class TenantConflict(TenantError):
    """Another tenant has this slug or host name."""

    def __init__(self, value: str, owner: str) -> None:
        super().__init__(f"{value!r} already belongs to tenant {owner}.")
        self.value = value
        self.owner = owner


class NotASlug(TenantError):
    """A slug is the first label of a host name: letters a-z, digits, hyphens."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"{slug!r} cannot be part of a host name: use a-z, 0-9 and hyphens, at most 50.")
        self.slug = slug


class ProvisioningFailed(TenantError):
    """A step failed; those before it stand, and the same call again goes on from there."""

    def __init__(self, step: str, cause: BaseException) -> None:
        super().__init__(f"Step {step!r} failed: {cause}")
        self.step = step
        self.cause = cause


class SchemaMissing(TenantError):
    """A tenant is known but its schema does not stand; serving it would read the public schema."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"The schema {schema} does not exist.")
        self.schema = schema


class AsyncTaskRefused(TenantError):
    """A job's task is an async function; only synchronous ones keep their tenant."""

    def __init__(self, task: str) -> None:
        super().__init__(f"Task {task} is asynchronous; write it as a plain function.")
        self.task = task
