"""The regional system (РГИС, РИС ЖКХ): how packages reach it. What differs between regions is a profile."""
