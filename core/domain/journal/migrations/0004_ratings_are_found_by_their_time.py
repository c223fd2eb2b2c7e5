from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("journal", "0003_a_reader_says_why_it_holds_a_stream"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(condition=models.Q(("kind", "case.rated")), fields=["-at", "-id"], name="entry_rated"),
        ),
    ]
