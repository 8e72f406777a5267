package io.quorate.engine.virtual;

import java.util.Arrays;

/**
 * Virtual time and what waits for it: a binary heap of events ordered by (time, order of scheduling), so that equal times
 * are settled the same way in every run. Nothing ever waits: time jumps to the next event.
 */
public final class SimClock {
    /** Something that happens at a moment of virtual time. */
    @FunctionalInterface
    public interface Event {
        void happen();
    }

    private static final int CAPACITY_INITIAL = 256;

    private long[] times = new long[CAPACITY_INITIAL];
    private long[] orders = new long[CAPACITY_INITIAL];
    private Event[] events = new Event[CAPACITY_INITIAL];
    private int size;
    private long orderNext;
    private long nowNs;
    private long happened;

    public long nowNs() {
        return nowNs;
    }

    /** How many events have happened. */
    public long eventCount() {
        return happened;
    }

    /** How many events wait. */
    public int waiting() {
        return size;
    }

    /** Lets an event happen {@code delayNs} from now, after everything already scheduled for that moment. */
    public void schedule(final long delayNs, final Event event) {
        if (delayNs < 0) {
            throw new IllegalArgumentException("a delay is not negative, given " + delayNs + " ns");
        }
        if (size == times.length) {
            grow();
        }
        siftUp(size++, nowNs + delayNs, orderNext++, event);
    }

    /** Moves to the next event and lets it happen; false if none waits. */
    public boolean step() {
        if (size == 0) {
            return false;
        }
        final Event event = events[0];
        nowNs = times[0];
        size--;
        final long time = times[size];
        final long order = orders[size];
        final Event last = events[size];
        events[size] = null;
        if (size > 0) {
            siftDown(time, order, last);
        }
        happened++;
        event.happen();
        return true;
    }

    private void grow() {
        final int capacity = times.length * 2;
        times = Arrays.copyOf(times, capacity);
        orders = Arrays.copyOf(orders, capacity);
        events = Arrays.copyOf(events, capacity);
    }

    private void siftUp(final int from, final long time, final long order, final Event event) {
        int index = from;
        while (index > 0) {
            final int parent = (index - 1) >>> 1;
            if (times[parent] < time || (times[parent] == time && orders[parent] < order)) {
                break;
            }
            move(parent, index);
            index = parent;
        }
        place(index, time, order, event);
    }

    private void siftDown(final long time, final long order, final Event event) {
        int index = 0;
        while (true) {
            int child = 2 * index + 1;
            if (child >= size) {
                break;
            }
            if (child + 1 < size && isBefore(child + 1, times[child], orders[child])) {
                child++;
            }
            if (!isBefore(child, time, order)) {
                break;
            }
            move(child, index);
            index = child;
        }
        place(index, time, order, event);
    }

    private boolean isBefore(final int index, final long time, final long order) {
        return times[index] < time || (times[index] == time && orders[index] < order);
    }

    private void move(final int from, final int to) {
        times[to] = times[from];
        orders[to] = orders[from];
        events[to] = events[from];
    }

    private void place(final int index, final long time, final long order, final Event event) {
        times[index] = time;
        orders[index] = order;
        events[index] = event;
    }
}
