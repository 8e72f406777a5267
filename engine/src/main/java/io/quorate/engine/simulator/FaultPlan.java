package io.quorate.engine.simulator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What goes wrong in one run, drawn from its seed before it starts: the weather on the links, who lies and how, and a list
 * of faults with their times. At most f peers are faulty at a time: a crash that would exceed f is left out when its moment
 * comes, and a peer that restarted without its memory stays counted until it votes again.
 */
public final class FaultPlan {
    /** How much goes wrong. */
    public enum Preset {
        /** A good LAN, nobody fails. */
        NONE,
        /** Loss, repeats, reordering, a partition, and either crashes with restart or a liar. */
        STANDARD,
        /** Everything at once, much of it, and again. */
        HARSH
    }

    /** Kinds of fault, with the words that print them. */
    public enum Kind {
        CRASH("crash and restart"),
        PAUSE("pause"),
        PARTITION("partition"),
        ONE_WAY("one-way partition"),
        ISOLATE("isolate"),
        CLOG("clog the link of"),
        STORM("lose half of everything");

        private final String words;

        Kind(final String words) {
            this.words = words;
        }
    }

    /** One fault: {@code peerId} or the set of peers in {@code mask} suffers it from {@code atNs} for {@code durationNs}. */
    public record Fault(long atNs, Kind kind, int peerId, long mask, long durationNs) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "at %.3f s for %.3f s: %s %s",
                    atNs / 1e9,
                    durationNs / 1e9,
                    kind.words,
                    peerId >= 0 ? "peer " + peerId : "peers " + Long.toBinaryString(mask));
        }
    }

    private static final long MS = 1_000_000;

    private final SimNetwork.Conditions conditions;
    private final ByzantinePeer.Strategy[] strategies;
    private final long calmAtNs;
    private final List<Fault> faults;

    private FaultPlan(
            final SimNetwork.Conditions conditions,
            final ByzantinePeer.Strategy[] strategies,
            final long calmAtNs,
            final List<Fault> faults) {
        this.conditions = conditions;
        this.strategies = strategies;
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
        final ByzantinePeer.Strategy[] strategies = new ByzantinePeer.Strategy[peerCount];
        if (preset == Preset.NONE) {
            return new FaultPlan(SimNetwork.Conditions.calm(), strategies, 0, List.of());
        }
        final boolean harsh = preset == Preset.HARSH;
        final int liars = random.nextInt(faultyMax + 1);
        for (int count = 0; count < liars; count++) {
            final ByzantinePeer.Strategy[] all = ByzantinePeer.Strategy.values();
            strategies[random.nextInt(peerCount)] = all[random.nextInt(all.length)];
        }
        final List<Fault> faults = new ArrayList<>();
        add(faults, Kind.CRASH, harsh ? 3 : 1, peerCount, durationNs, random);
        add(faults, Kind.PAUSE, harsh ? 2 : random.nextInt(2), peerCount, durationNs, random);
        final Kind[] cuts = {Kind.PARTITION, Kind.ONE_WAY, Kind.ISOLATE, Kind.CLOG, Kind.STORM};
        for (int count = harsh ? 5 : 1; count > 0; count--) {
            add(faults, cuts[random.nextInt(cuts.length)], 1, peerCount, durationNs, random);
        }
        faults.sort(Comparator.comparingLong(Fault::atNs));
        return new FaultPlan(weather(harsh, random), strategies, durationNs, List.copyOf(faults));
    }

    private static void add(
            final List<Fault> faults,
            final Kind kind,
            final int count,
            final int peerCount,
            final long durationNs,
            final SimRandom random) {
        for (int index = 0; index < count; index++) {
            final long atNs = random.nextLong(durationNs * 3 / 4);
            final long lastsNs = random.between(5 * MS, Math.max(6 * MS, (durationNs - atNs) / 2));
            final boolean group = kind == Kind.PARTITION || kind == Kind.ONE_WAY;
            final long mask = random.between(1, (1L << peerCount) - 2);
            faults.add(new Fault(atNs, kind, group ? -1 : random.nextInt(peerCount), group ? mask : 0, lastsNs));
        }
    }

    private static SimNetwork.Conditions weather(final boolean harsh, final SimRandom random) {
        final int percent = SimRandom.CERTAIN_PPM / 100;
        final int worst = harsh ? 3 : 1;
        return new SimNetwork.Conditions(
                random.between(1_000, 50_000),
                random.between(100_000, 2 * MS),
                random.nextInt(worst * 5 * percent),
                random.between(MS, worst * 30 * MS),
                random.nextInt(worst * 10 * percent + 1),
                random.nextInt(worst * 5 * percent + 1),
                random.nextInt(worst * 2 * percent + 1),
                random.nextInt(worst * percent + 1),
                random.nextInt(worst * percent + 1));
    }

    /** A plan written by hand: a good LAN, these liars (null is a correct peer), these faults. */
    public static FaultPlan of(
            final ByzantinePeer.Strategy[] strategies, final long calmAtNs, final List<Fault> faults) {
        return new FaultPlan(SimNetwork.Conditions.calm(), strategies.clone(), calmAtNs, List.copyOf(faults));
    }

    /** The same plan without its fault at {@code index}: how a failing run is made smaller. */
    public FaultPlan without(final int index) {
        final List<Fault> fewer = new ArrayList<>(faults);
        fewer.remove(index);
        return new FaultPlan(conditions, strategies, calmAtNs, List.copyOf(fewer));
    }

    /** The same faults on links that only delay. */
    public FaultPlan withCalmLinks() {
        return new FaultPlan(SimNetwork.Conditions.calm(), strategies, calmAtNs, faults);
    }

    public SimNetwork.Conditions conditions() {
        return conditions;
    }

    /** How this peer lies; null if it is correct. */
    public ByzantinePeer.Strategy strategy(final int peerId) {
        return strategies[peerId];
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
            }
        }
        for (final Fault fault : faults) {
            text.append('\n').append(fault);
        }
        return text.append("\nfaults stop at ")
                .append(calmAtNs / 1e9)
                .append(" s")
                .toString();
    }
}
