from django.db import migrations, models


def time_ms() -> "models.BigIntegerField[int, int]":
    # The database's own default: the version before, still at work while this one is put in, does not name the column.
    return models.BigIntegerField(db_default=0, default=0)


class Migration(migrations.Migration):
    dependencies = [
        ("journal", "0004_ratings_are_found_by_their_time"),
    ]

    operations = [
        migrations.AddField(model_name="readsegment", name="made_at_ms", field=time_ms()),
        migrations.AddField(model_name="readsegment", name="came_at_ms", field=time_ms()),
        migrations.AddField(model_name="readsegment", name="applied_at_ms", field=time_ms()),
        migrations.AddField(model_name="segment", name="acked_at_ms", field=time_ms()),
        migrations.AddField(model_name="segment", name="secured_at_ms", field=time_ms()),
    ]
