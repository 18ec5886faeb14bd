from random import Random
from collections import Counter
from sqlalchemy import text
from tests.simulation.test_federal_simulation import *
def test_stats(make_world):
    c=Counter()
    for seed in range(14):
        random = Random(seed); world = make_world(seed + 101, flats=5); world.issue(); set_faults(world, random)
        cp=CrashPoints(random); world.failpoint=cp
        live_through(world); check(world)
        with world.engine.connect() as k:
            for r in k.execute(text("select act,state,error_code,count(*) from exchange where system=:s group by 1,2,3"),{"s":world.gateway.system}): c[(r[0],r[1],r[2])]+=r[3]
        c['crashes']+=sum(1 for f in cp._fatal if f<=cp.passed); c['passed']+=cp.passed
        print(seed, cp.passed, len(cp._fatal), len(world.wire.sent))
    for k,v in sorted(c.items(),key=str): print(k,v)
