from typing import Any

from django.db import migrations, models


def lent_posts_end(apps: Any, schema_editor: Any) -> None:
    """A post lent for some days must not stay for good once nothing says its days any more."""
    apps.get_model("staff", "Membership").objects.exclude(instead_of="").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="membership",
            name="membership_unique",
        ),
        migrations.AddField(
            model_name="membership",
            name="instead_of",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
        migrations.AddField(
            model_name="membership",
            name="since",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="membership",
            name="until",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                condition=models.Q(("since", None)),
                fields=("user", "tenant_code", "service_point", "department", "role"),
                name="membership_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                condition=models.Q(("since__isnull", False)),
                fields=("user", "tenant_code", "service_point", "department", "role", "instead_of", "since"),
                name="membership_on_days_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until", None),
                    models.Q(("since__isnull", False), ("until__gte", models.F("since"))),
                    _connector="OR",
                ),
                name="membership_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("instead_of", ""), models.Q(("since__isnull", False), ("until__isnull", False)), _connector="OR"
                ),
                name="membership_in_place_of_another_has_days",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, lent_posts_end),
    ]
