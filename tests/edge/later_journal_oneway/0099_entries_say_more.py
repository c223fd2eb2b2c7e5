from pathlib import Path

from django.db import migrations, models

from core.domain.journal import migrations as today

LAST = sorted(path.stem for path in Path(today.__path__[0]).glob("0*.py"))[-1]


class Migration(migrations.Migration):
    dependencies = [("journal", LAST)]
    operations = [
        migrations.AddField("entry", "more", models.CharField(max_length=8, null=True)),
        # SQLite makes the table anew for this.
        migrations.AlterField("entry", "kind", models.CharField(max_length=40)),
        migrations.CreateModel("Remark", [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())]),
        migrations.RunPython(migrations.RunPython.noop),
    ]
