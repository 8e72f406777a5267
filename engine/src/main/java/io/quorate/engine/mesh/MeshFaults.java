package io.quorate.engine.mesh;

import io.quorate.engine.membership.Member;
import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import java.util.ArrayList;
import java.util.List;

/** What goes wrong in one run of {@link MeshSchedules}: draws it, lets it happen at its time, and ends it all. */
final class MeshFaults {
    private static final int SPLITS_MIN = 2;
    private static final int SPLITS_MAX = 5;
    private static final int SPLIT_PERIODS_MAX = 24;
    private static final int PAUSE_PERIODS_MAX = 10;
    private static final int CHURN_MIN = 4;
    private static final int CHURN_MAX = 18;
    private static final int CHURN_PERIODS = 50;
    private static final int ABSENCE_PERIODS_MAX = 20;
    private static final int SEEDS = 4;
    private static final int LOSS_MIN_PPM = 50_000;
    private static final int LOSS_MAX_PPM = 400_000;
    private static final int MILLION = 1_000_000;

    private enum Shape {
        BOTH_WAYS,
        ONE_WAY,
        BRIDGE,
        ONE_ALONE
    }

    private enum Mishap {
        CRASH,
        STOP,
        LEAVE,
        LOSS,
        JUMP
    }

    private final MeshWorld world;
    private final MeshChecker checker;
    private final SimRandom random;
    private final int memberCount;
    private final long periodNs;
    private final List<MeshNetwork.Cut> cuts = new ArrayList<>();
    private final boolean[] isAway;

    MeshFaults(final MeshWorld world, final MeshChecker checker, final SimRandom random, final long periodNs) {
        this.world = world;
        this.checker = checker;
        this.random = random;
        this.periodNs = periodNs;
        memberCount = world.memberCount();
        isAway = new boolean[memberCount];
    }

    private void at(final long atNs, final int memberId, final Enum<?> what, final Runnable event) {
        world.clock().schedule(atNs - world.clock().nowNs(), () -> {
            world.trace().record(world.clock().nowNs(), memberId, Trace.Kind.FAULT, what.ordinal(), 0);
            if (world.trace().isReadable()) {
                world.trace().tell(world.clock().nowNs(), "fault " + what + " of member " + memberId);
            }
            event.run();
            checker.onFault();
        });
    }

    // --- splits -----------------------------------------------------------------------------------------------------

    /** Draws splits; returns when the last one ends. */
    long planSplits() {
        long beginNs = world.clock().nowNs();
        long lastNs = beginNs;
        final int count = (int) random.between(SPLITS_MIN, SPLITS_MAX);
        for (int i = 0; i < count; i++) {
            final long endNs = beginNs + random.between(periodNs / 2, SPLIT_PERIODS_MAX * periodNs);
            planSplit(beginNs, endNs);
            lastNs = Math.max(lastNs, endNs);
            beginNs = random.chance(MILLION / 3)
                    ? beginNs + random.nextLong(endNs - beginNs)
                    : lastNs + random.nextLong(PAUSE_PERIODS_MAX * periodNs);
        }
        return lastNs + 1;
    }

    private void planSplit(final long beginNs, final long endNs) {
        final Shape shape = Shape.values()[random.nextInt(Shape.values().length)];
        final boolean[] one = new boolean[memberCount];
        final boolean[] other = new boolean[memberCount];
        final int alone = random.nextInt(memberCount);
        final int share = (int) random.between(1, memberCount - 1);
        final int bridge = (int) random.between(1, Math.max(1, memberCount / 3));
        final int[] shuffled = shuffled();
        for (int place = 0; place < memberCount; place++) {
            final int id = shuffled[place];
            final boolean isOfBridge = shape == Shape.BRIDGE && place < bridge;
            one[id] = !isOfBridge && (shape == Shape.ONE_ALONE ? id == alone : place < bridge / 2 + share);
            other[id] = !isOfBridge && !one[id];
        }
        final List<MeshNetwork.Cut> both = new ArrayList<>();
        both.add(new MeshNetwork.Cut(one, other));
        if (shape == Shape.BOTH_WAYS || shape == Shape.BRIDGE || random.chance(MILLION / 2)) {
            if (shape != Shape.ONE_WAY) {
                both.add(new MeshNetwork.Cut(other, one));
            }
        }
        at(beginNs, -1, shape, () -> {
            both.forEach(world.network()::cut);
            cuts.addAll(both);
        });
        at(endNs, -1, shape, () -> {
            both.forEach(world.network()::mend);
            cuts.removeAll(both);
        });
    }

    private int[] shuffled() {
        final int[] ids = new int[memberCount];
        for (int i = 0; i < memberCount; i++) {
            final int place = random.nextInt(i + 1);
            ids[i] = ids[place];
            ids[place] = i;
        }
        return ids;
    }

    // --- churn ------------------------------------------------------------------------------------------------------

    /** Draws what befalls single members, at most f of which lose packets or never come back; returns when it ends. */
    long planChurn(final int liarCount) {
        final long beginNs = world.clock().nowNs();
        final long endNs = beginNs + CHURN_PERIODS * periodNs;
        final int faultyMax = Quorum.of(memberCount).faultyMax();
        final int[] shuffled = shuffled();
        final int count = (int) random.between(CHURN_MIN, CHURN_MAX);
        int goneMax = faultyMax - liarCount;
        for (int i = 0; i < count; i++) {
            final Mishap mishap = Mishap.values()[random.nextInt(Mishap.values().length)];
            final int id = shuffled[random.nextInt(mishap == Mishap.LOSS ? faultyMax : memberCount)];
            final long atNs = beginNs + random.nextLong(CHURN_PERIODS * periodNs);
            final long untilNs = Math.min(endNs, atNs + random.between(periodNs / 10, ABSENCE_PERIODS_MAX * periodNs));
            if (world.member(id).isLiar() && mishap != Mishap.STOP) {
                continue;
            }
            switch (mishap) {
                case STOP -> {
                    at(atNs, id, mishap, () -> world.member(id).stop());
                    at(untilNs, id, mishap, () -> world.member(id).resume());
                }
                case LOSS -> {
                    final int ppm = (int) random.between(LOSS_MIN_PPM, LOSS_MAX_PPM);
                    at(atNs, id, mishap, () -> world.network().lossAt(id, ppm));
                    at(untilNs, id, mishap, () -> world.network().lossAt(id, 0));
                }
                case JUMP -> {
                    final long byNs = random.between(periodNs / 100, ABSENCE_PERIODS_MAX * periodNs);
                    final boolean isBack = random.chance(MILLION / 2);
                    at(atNs, id, mishap, () -> jump(world.member(id), isBack ? -byNs : byNs));
                }
                case CRASH, LEAVE -> {
                    final boolean isForGood = goneMax > 0 && random.chance(MILLION / 4);
                    goneMax -= isForGood ? 1 : 0;
                    planAbsence(mishap, id, atNs, isForGood ? Long.MAX_VALUE : untilNs);
                }
            }
        }
        return endNs + 1;
    }

    private void jump(final MeshMember member, final long byNs) {
        checker.onJump(member.id());
        member.jump(byNs);
    }

    private void planAbsence(final Mishap mishap, final int id, final long atNs, final long untilNs) {
        final MeshMember member = world.member(id);
        final boolean remembers = random.chance(MILLION / 2);
        final int[] seeds = new int[SEEDS];
        for (int i = 0; i < SEEDS; i++) {
            seeds[i] = random.nextInt(memberCount);
        }
        final boolean[] isMine = {false};
        at(atNs, id, mishap, () -> {
            if (isAway[id] || mishap == Mishap.LEAVE && !member.isRunning()) {
                return;
            }
            isAway[id] = true;
            isMine[0] = true;
            if (mishap == Mishap.LEAVE) {
                member.leave();
            } else {
                member.crash();
            }
        });
        if (untilNs != Long.MAX_VALUE) {
            at(untilNs, id, mishap, () -> {
                if (isMine[0]) {
                    isAway[id] = false;
                    member.start(seeds, remembers, remembers ? held(member) : new Member[0]);
                }
            });
        }
    }

    private Member[] held(final MeshMember member) {
        final List<Member> records = new ArrayList<>();
        for (int id = 0; id < memberCount; id++) {
            if (member.swim().table().record(id) != null) {
                records.add(member.swim().table().record(id));
            }
        }
        return records.toArray(new Member[0]);
    }

    // --- the end ----------------------------------------------------------------------------------------------------

    /** Links are whole, nothing gets lost, and whoever was stopped goes on; those that are gone stay so. */
    void calm() {
        List.copyOf(cuts).forEach(world.network()::mend);
        cuts.clear();
        for (int id = 0; id < memberCount; id++) {
            world.network().lossAt(id, 0);
            world.member(id).resume();
        }
        checker.onFault();
    }
}
