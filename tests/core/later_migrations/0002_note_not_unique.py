from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0001_later")]
    operations = [migrations.AlterField("Later", "note", models.CharField(max_length=20, default=""))]
