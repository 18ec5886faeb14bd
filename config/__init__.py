"""Settings, schedules, the law as dated data, regions' and banks' profiles: everything that is data, not code."""
