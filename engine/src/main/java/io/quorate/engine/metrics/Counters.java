package io.quorate.engine.metrics;

/** One count a constant of an enum; written by one thread. The enum says name, unit and meaning. */
public final class Counters<E extends Enum<E>> {
    private final long[] counts;

    public Counters(final Class<E> kinds) {
        counts = new long[kinds.getEnumConstants().length];
    }

    public void increment(final E kind) {
        counts[kind.ordinal()]++;
    }

    public void add(final E kind, final long amount) {
        counts[kind.ordinal()] += amount;
    }

    public void set(final E kind, final long amount) {
        counts[kind.ordinal()] = amount;
    }

    public long get(final E kind) {
        return counts[kind.ordinal()];
    }
}
