package io.quorate.engine.simulator;

import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.virtual.SimRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What goes wrong in one run, drawn from its seed before it starts: the weather on the links, who lies, how and from when on,
 * and a list of faults with their times. At most f peers are faulty at a time: a crash that would exceed f hits a liar instead,
 * a peer that restarted without its memory stays counted until it votes again, and a peer turns malicious only when there is
 * room for it.
 */
public final class FaultPlan {
    /** What goes wrong, and how much. */
    public enum Preset {
        /** A good LAN, nobody fails. */
        NONE,
        /** One in ten frames lost, one in twenty repeated, reordering, a crash with restart, a partition, f liars. */
        STANDARD,
        /** Everything at once, much of it, and again. */
        HARSH,
        /** Links only: loss to 30 %, repeats and replays to 50 %, cuts of every kind; all peers are correct and up. */
        NETWORK,
        /** Crashes with restart, pauses and clocks that jump, on fair links. */
        CRASHES,
        /** f liars from the start, on fair links. */
        BYZANTINE,
        /** f peers that run twice under one key, and partitions that change who sees which half. */
        TWINS,
        /** As {@link #STANDARD}, but for twins, while peers are added, removed and replaced, and keys rotated. */
        RECONFIGURE,
        /** f liars that aim at the rules of view changes, and single peers that are cut off or stand still, again and again. */
        SCHEMES,
        /** f liars that serve wrong parts of a state, and peers that lose theirs or stay behind. */
        LAGGARDS,
        /** A peer asks for a view alone and forgets it; who kept what it said turns malicious when it has its vote again. */
        HOARDERS,
        /** One peer is replaced, whoever goes on first is heard by liars only, and these stay in the old epoch, too. */
        HANDOVERS,
        /** As {@link #STANDARD}, where requests carry tags before they are signed; every other liar gives tags that do not hold. */
        TAGS;

        boolean isTagging() {
            return this == TAGS;
        }

        /** Links and disks are those of {@link #STANDARD}. */
        boolean isStandard() {
            return this == STANDARD || this == RECONFIGURE || this == TAGS;
        }
    }

    /** Kinds of fault, with the words that print them. */
    public enum Kind {
        CRASH("crash and restart"),
        CRASH_ALL("crash and restart all that is correct and durable"),
        DISK_LOST("crash, and lose forced records of the disk of"),
        DISK_FLIPPED("crash, and flip a bit on the disk of"),
        DISK_MISDIRECTED("crash, and misdirect a record on the disk of"),
        DISK_SLOW("slow disk of"),
        DISK_FULL("full disk of"),
        PAUSE("pause"),
        CLOCK("move the clock of"),
        PARTITION("partition"),
        ONE_WAY("one-way partition"),
        ISOLATE("isolate"),
        CLOG("clog the link of"),
        STORM("lose half of everything"),
        MUFFLE("let only liars hear");

        private final String words;

        Kind(final String words) {
            this.words = words;
        }
    }

    /**
     * One fault: {@code peerId} or the set of peers in {@code mask} suffers it from {@code atNs} for {@code durationNs}; a clock is
     * moved by that, ahead or back.
     */
    public record Fault(long atNs, Kind kind, int peerId, long mask, long durationNs) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "at %.3f s %s %.3f s: %s %s",
                    atNs / 1e9,
                    kind == Kind.CLOCK ? "by" : "for",
                    durationNs / 1e9,
                    kind.words,
                    peerId >= 0 ? "peer " + peerId : "peers " + Long.toBinaryString(mask));
        }
    }

    private static final long MS = 1_000_000;

    private final SimNetwork.Conditions conditions;
    private final Strategy[] strategies;
    private final long[] turnsAtNs;
    private final long durable;
    private final long calmAtNs;
    private final List<Fault> faults;

    /** When another roster is asked for, at the earliest; each may bring a newcomer. */
    private final List<Long> stepsAtNs;

    private FaultPlan(
            final SimNetwork.Conditions conditions,
            final Strategy[] strategies,
            final long[] turnsAtNs,
            final long durable,
            final long calmAtNs,
            final List<Fault> faults) {
        this(conditions, strategies, turnsAtNs, durable, calmAtNs, faults, List.of());
    }

    private FaultPlan(
            final SimNetwork.Conditions conditions,
            final Strategy[] strategies,
            final long[] turnsAtNs,
            final long durable,
            final long calmAtNs,
            final List<Fault> faults,
            final List<Long> stepsAtNs) {
        this.stepsAtNs = stepsAtNs;
        this.conditions = conditions;
        this.strategies = strategies;
        this.turnsAtNs = turnsAtNs;
        this.durable = durable;
        this.calmAtNs = calmAtNs;
        this.faults = faults;
    }

    /**
     * Draws a plan.
     *
     * @param faultyMax f: how many peers may be faulty at a time
     * @param durationNs how long faults last, from the start
     */
    public static FaultPlan draw(
            final Preset preset,
            final int peerCount,
            final int faultyMax,
            final long durationNs,
            final SimRandom random) {
        final Draft draft = new Draft(peerCount, faultyMax, durationNs, random);
        switch (preset) {
            case NONE -> {
                return new FaultPlan(SimNetwork.Conditions.calm(), draft.strategies, draft.turnsAtNs, 0, 0, List.of());
            }
            case STANDARD -> draft.standard();
            case HARSH -> draft.harsh();
            case NETWORK -> draft.cuts(5);
            case CRASHES -> draft.crashes(3);
            case BYZANTINE -> draft.liars(faultyMax, false);
            case TWINS -> draft.liars(Strategy.TWIN);
            case RECONFIGURE -> draft.reconfigure();
            case SCHEMES -> draft.schemes();
            case LAGGARDS -> draft.laggards();
            case HOARDERS -> draft.hoarders();
            case HANDOVERS -> draft.handovers();
            case TAGS -> draft.tags();
        }
        final boolean hasDisks = preset.isStandard() || preset == Preset.HARSH || preset == Preset.CRASHES;
        final long durable = hasDisks ? draft.disks(preset == Preset.HARSH ? 3 : 1) : 0;
        draft.faults.sort(Comparator.comparingLong(Fault::atNs));
        return new FaultPlan(
                SimNetwork.Conditions.draw(preset, random),
                draft.strategies,
                draft.turnsAtNs,
                durable,
                durationNs,
                List.copyOf(draft.faults),
                List.copyOf(draft.stepsAtNs));
    }

    /** A plan while it is drawn. */
    private static final class Draft {
        private static final Kind[] DISK_FAULTS = {
            Kind.DISK_LOST, Kind.DISK_FLIPPED, Kind.DISK_MISDIRECTED, Kind.DISK_SLOW, Kind.DISK_FULL
        };
        private static final Kind[] SINGLE_CUTS = {Kind.ISOLATE, Kind.PAUSE, Kind.CLOG};
        private static final Kind[] CUTS = {Kind.PARTITION, Kind.ONE_WAY, Kind.ISOLATE, Kind.CLOG, Kind.STORM};
        private static final int STEPS_MAX = 3;

        /** All processes, newcomers too. */
        private int peerCount;

        private final int faultyMax;
        private final long durationNs;
        private final SimRandom random;
        private final Strategy[] strategies;
        private final long[] turnsAtNs;
        private final List<Fault> faults = new ArrayList<>();
        private final List<Long> stepsAtNs = new ArrayList<>();

        private Draft(final int peerCount, final int faultyMax, final long durationNs, final SimRandom random) {
            this.peerCount = peerCount;
            this.faultyMax = faultyMax;
            this.durationNs = durationNs;
            this.random = random;
            strategies = new Strategy[peerCount];
            turnsAtNs = new long[peerCount];
        }

        private void standard() {
            liars(faultyMax, random.nextBoolean());
            add(Kind.CRASH, 1);
            add(CUTS[Math.max(0, random.nextInt(4) - 1)], 1);
            add(Kind.PAUSE, random.nextInt(2));
            add(Kind.CLOCK, random.nextInt(2));
        }

        private void tags() {
            standard();
            for (int peerId = 0; peerId < peerCount; peerId++) {
                if (strategies[peerId] != null && strategies[peerId] != Strategy.TWIN && random.nextBoolean()) {
                    strategies[peerId] = Strategy.BAD_TAGS;
                }
            }
        }

        private void reconfigure() {
            liars(faultyMax, random.nextBoolean());
            for (int peerId = 0; peerId < peerCount; peerId++) {
                strategies[peerId] = strategies[peerId] == Strategy.TWIN ? Strategy.EQUIVOCATE : strategies[peerId];
            }
            final int steps = 1 + random.nextInt(STEPS_MAX);
            for (int step = 0; step < steps; step++) {
                stepsAtNs.add(random.nextLong(durationNs * 3 / 4));
            }
            stepsAtNs.sort(null);
            // What goes wrong may hit newcomers, too.
            peerCount += steps;
            add(Kind.CRASH, 1 + random.nextInt(2));
            add(CUTS[Math.max(0, random.nextInt(4) - 1)], 1 + random.nextInt(2));
            add(Kind.PAUSE, random.nextInt(2));
            add(Kind.CLOCK, random.nextInt(2));
        }

        private void harsh() {
            liars(random.nextInt(faultyMax + 1), random.nextBoolean());
            crashes(3);
            cuts(5);
        }

        private void crashes(final int count) {
            add(Kind.CRASH, count);
            add(Kind.PAUSE, 2);
            add(Kind.CLOCK, 2);
        }

        /** Which peers have a journal: none, all, or some, with equal chances; and so many things that happen to disks. */
        private long disks(final int count) {
            final long all = (1L << peerCount) - 1;
            final int who = random.nextInt(3);
            final long durable = who == 0 ? 0 : who == 1 ? all : random.between(1, all);
            if (durable != 0) {
                for (int index = 0; index < count; index++) {
                    add(DISK_FAULTS[random.nextInt(DISK_FAULTS.length)], 1);
                }
            }
            if (durable == all && random.nextBoolean()) {
                add(Kind.CRASH_ALL, 1);
            }
            return durable;
        }

        private void cuts(final int count) {
            for (int index = 0; index < count; index++) {
                add(CUTS[random.nextInt(CUTS.length)], 1);
            }
        }

        /** So many liars; half of the time all in one way, then colluding. */
        private void liars(final int count, final boolean isTurning) {
            final Strategy[] all = Strategy.mixed();
            final Strategy common = all[random.nextInt(all.length)];
            final boolean isCommon = random.nextBoolean();
            for (int index = 0; index < count; index++) {
                final int peerId = freePeer();
                final Strategy own = all[random.nextInt(all.length)];
                strategies[peerId] = isCommon ? common : own;
                final boolean mayTurn = isTurning && strategies[peerId] != Strategy.TWIN;
                turnsAtNs[peerId] = mayTurn ? random.nextLong(durationNs * 3 / 4) : 0;
            }
        }

        private void liars(final Strategy strategy) {
            for (int index = 0; index < faultyMax; index++) {
                strategies[freePeer()] = strategy;
            }
        }

        private void schemes() {
            final Strategy[] aimed = Strategy.aimed();
            final Strategy common = aimed[random.nextInt(aimed.length)];
            final boolean isTurning = random.nextBoolean();
            for (int index = 0; index < faultyMax; index++) {
                final int peerId = freePeer();
                strategies[peerId] = common;
                turnsAtNs[peerId] = isTurning ? random.nextLong(durationNs * 3 / 4) : 0;
            }
            // Cut or paused for about as long as a primary is waited for: so views end, and the next misses somebody.
            for (int index = 0; index < 6; index++) {
                final Kind kind = SINGLE_CUTS[random.nextInt(SINGLE_CUTS.length)];
                final long atNs = random.nextLong(durationNs * 9 / 10);
                faults.add(new Fault(atNs, kind, random.nextInt(peerCount), 0, random.between(10 * MS, 90 * MS)));
            }
        }

        private void laggards() {
            liars(Strategy.BAD_PAGES);
            add(Kind.ISOLATE, 3);
            add(Kind.CRASH, 3);
        }

        private void hoarders() {
            final int hoarder = 1 % peerCount;
            final int forgetful = (2 + random.nextInt(2)) % peerCount;
            final long cutAtNs = random.nextLong(durationNs / 6);
            final long cutForNs = random.between(60 * MS, 120 * MS);
            final long all = (1L << peerCount) - 1;
            faults.add(new Fault(cutAtNs, Kind.ONE_WAY, -1, all & ~(1L << forgetful), cutForNs));
            final long forgetsAtNs = cutAtNs + random.between(cutForNs * 3 / 4, cutForNs + 10 * MS);
            final long crashAtNs = Math.min(forgetsAtNs, durationNs * 3 / 4);
            faults.add(new Fault(crashAtNs, Kind.CRASH, forgetful, 0, random.between(5 * MS, 15 * MS)));
            strategies[hoarder] = Strategy.HOARDER;
            // It turns as soon as that makes no more than f faulty peers: when the vote is back.
            turnsAtNs[hoarder] = crashAtNs + MS;
            for (int index = 0; index < 6; index++) {
                final long atNs = random.between(crashAtNs, Math.max(crashAtNs, durationNs * 9 / 10));
                final int clogged = random.nextBoolean() ? forgetful : random.nextInt(peerCount);
                faults.add(new Fault(atNs, Kind.CLOG, clogged, 0, random.between(5 * MS, 30 * MS)));
            }
        }

        private void handovers() {
            final int straddler = random.nextInt(peerCount);
            strategies[straddler] = Strategy.STRADDLER;
            final long stepAtNs = random.between(durationNs / 8, durationNs / 2);
            stepsAtNs.add(stepAtNs);
            // Its favourite, and the newcomer.
            final long first = 1L << (straddler + 1) % peerCount | 1L << peerCount;
            peerCount++;
            final long earlyNs = random.nextLong(10 * MS);
            faults.add(new Fault(stepAtNs - earlyNs, Kind.MUFFLE, -1, first, random.between(80 * MS, 200 * MS)));
        }

        private int freePeer() {
            int peerId = random.nextInt(peerCount);
            while (strategies[peerId] != null) {
                peerId = (peerId + 1) % peerCount;
            }
            return peerId;
        }

        private void add(final Kind kind, final int count) {
            for (int index = 0; index < count; index++) {
                final long atNs = random.nextLong(durationNs * 3 / 4);
                final long lastsNs = random.between(5 * MS, Math.max(6 * MS, (durationNs - atNs) / 2));
                final boolean group = kind == Kind.PARTITION || kind == Kind.ONE_WAY;
                final long mask = random.between(1, (1L << peerCount) - 2);
                // A clock goes back a little in one of four cases, else ahead by up to ten times as much.
                final boolean isBack = random.nextInt(4) == 0;
                final long changeNs = kind != Kind.CLOCK ? lastsNs : isBack ? -lastsNs / 4 : lastsNs * 10;
                faults.add(new Fault(atNs, kind, group ? -1 : random.nextInt(peerCount), group ? mask : 0, changeNs));
            }
        }
    }

    /** A plan written by hand: a good LAN, these liars (null is a correct peer), these faults. */
    public static FaultPlan of(final Strategy[] strategies, final long calmAtNs, final List<Fault> faults) {
        return new FaultPlan(
                SimNetwork.Conditions.calm(),
                strategies.clone(),
                new long[strategies.length],
                0,
                calmAtNs,
                List.copyOf(faults));
    }

    /** The same plan without its fault at {@code index}: how a failing run is made smaller. */
    public FaultPlan without(final int index) {
        final List<Fault> fewer = new ArrayList<>(faults);
        fewer.remove(index);
        return new FaultPlan(conditions, strategies, turnsAtNs, durable, calmAtNs, List.copyOf(fewer), stepsAtNs);
    }

    /** The same faults on links that only delay. */
    public FaultPlan withCalmLinks() {
        return new FaultPlan(SimNetwork.Conditions.calm(), strategies, turnsAtNs, durable, calmAtNs, faults, stepsAtNs);
    }

    /** The same plan, where the peers of a set have a journal and the others are memory-only. */
    public FaultPlan withDurable(final long newDurable) {
        return new FaultPlan(conditions, strategies, turnsAtNs, newDurable, calmAtNs, faults, stepsAtNs);
    }

    /** The same faults, which never stop: only safety can be asked of such a run. */
    public FaultPlan withoutEnd() {
        return new FaultPlan(conditions, strategies, turnsAtNs, durable, Long.MAX_VALUE, faults, stepsAtNs);
    }

    /** The same plan with one more liar, from the start; null makes the peer correct. */
    public FaultPlan withLiar(final int peerId, final Strategy strategy) {
        final Strategy[] more = strategies.clone();
        more[peerId] = strategy;
        return new FaultPlan(conditions, more, turnsAtNs, durable, calmAtNs, faults, stepsAtNs);
    }

    /** The same plan where one liar begins to lie later. */
    public FaultPlan turning(final int peerId, final long atNs) {
        final long[] later = turnsAtNs.clone();
        later[peerId] = atNs;
        return new FaultPlan(conditions, strategies, later, durable, calmAtNs, faults, stepsAtNs);
    }

    public SimNetwork.Conditions conditions() {
        return conditions;
    }

    /** How this peer lies; null if it is correct, as all newcomers are. */
    public Strategy strategy(final int peerId) {
        return peerId < strategies.length ? strategies[peerId] : null;
    }

    /** When other rosters are asked for, one after the other. */
    public List<Long> stepsAtNs() {
        return stepsAtNs;
    }

    /** When this liar begins to lie, if there is room for one more faulty peer then; before it is correct. */
    public long turnsAtNs(final int peerId) {
        return turnsAtNs[peerId];
    }

    /** True if somebody lies in this way. */
    public boolean hasLiar(final Strategy strategy) {
        return Arrays.asList(strategies).contains(strategy);
    }

    /** The peers that run twice, by rising id. */
    public int[] twins() {
        final int[] twins = new int[strategies.length];
        int count = 0;
        for (int peerId = 0; peerId < strategies.length; peerId++) {
            if (strategies[peerId] == Strategy.TWIN) {
                twins[count++] = peerId;
            }
        }
        return Arrays.copyOf(twins, count);
    }

    /** True if this peer has a journal. */
    public boolean isDurable(final int peerId) {
        return (durable >>> peerId & 1) == 1;
    }

    /** From here on nothing new goes wrong, and everything must come to an end. */
    public long calmAtNs() {
        return calmAtNs;
    }

    public List<Fault> faults() {
        return faults;
    }

    @Override
    public String toString() {
        final StringBuilder text = new StringBuilder("links: ").append(conditions);
        for (int peer = 0; peer < strategies.length; peer++) {
            if (strategies[peer] != null) {
                text.append("\npeer ").append(peer).append(" lies: ").append(strategies[peer]);
                if (turnsAtNs[peer] > 0) {
                    text.append(String.format(Locale.ROOT, " from %.3f s on", turnsAtNs[peer] / 1e9));
                }
            }
        }
        if (durable != 0) {
            text.append("\njournals: peers ").append(Long.toBinaryString(durable));
        }
        for (final Fault fault : faults) {
            text.append('\n').append(fault);
        }
        for (final long atNs : stepsAtNs) {
            text.append(String.format(Locale.ROOT, "\nat %.3f s another roster", atNs / 1e9));
        }
        return text.append(
                        calmAtNs == Long.MAX_VALUE
                                ? "\nfaults never stop"
                                : String.format(Locale.ROOT, "\nfaults stop at %.3f s", calmAtNs / 1e9))
                .toString();
    }
}
