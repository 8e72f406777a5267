package io.quorate.engine.metrics;

import java.util.function.ObjLongConsumer;

/** One long for each {@link EngineCounter}. Written and read by the consensus thread only. */
public final class Counters {
    private final long[] values = new long[EngineCounter.values().length];

    public void increment(final EngineCounter counter) {
        values[counter.ordinal()]++;
    }

    public long get(final EngineCounter counter) {
        return values[counter.ordinal()];
    }

    /** Hands every counter's name and value to {@code consumer}, in order of id. */
    public void forEach(final ObjLongConsumer<String> consumer) {
        for (final EngineCounter counter : EngineCounter.values()) {
            consumer.accept(counter.label(), values[counter.ordinal()]);
        }
    }
}
