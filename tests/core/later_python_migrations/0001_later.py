from django.db import migrations, models


def write_one(apps, schema_editor):
    apps.get_model("backoffice", "Later").objects.create(id=41)


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.CreateModel("Later", [("id", models.BigAutoField(primary_key=True))]),
        migrations.RunPython(write_one, migrations.RunPython.noop),
    ]
