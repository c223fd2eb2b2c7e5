from django.db import migrations, models


class Migration(migrations.Migration):
    """Open cases are found by a partial index: on SQLite a bare boolean in WHERE uses no other."""

    dependencies = [("cases", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="case", name="case_open_due"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["promised_due"], condition=models.Q(("is_open", True)), name="case_open_by_due"),
        ),
    ]
