package io.quorate.engine.membership;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Who is whose neighbour among the members that are present: a circulant graph after Harary (PNAS 1962), whose vertex connectivity is
 * the number of neighbours, over an order that deals with zones. Every member with the same table builds the same one. Immutable.
 *
 * <p>docs/protocols/membership.md, section 9.
 */
public final class Overlay {
    /** What is wrong with it. */
    public enum Alarm {
        NONE(""),
        TOO_FEW("fewer members are present than paths are needed"),
        ZONE_CUTS("the loss of one zone would cut the rest apart"),
        ONE_ZONE("all neighbours stand in the own zone while there are others");

        private final String sentence;

        Alarm(final String sentence) {
            this.sentence = sentence;
        }

        public String sentence() {
            return sentence;
        }
    }

    private final int[] members;
    private final int[] zones;
    private final int[] offsets;
    private final int selfPlace;
    private final int connectivityNeeded;

    private Overlay(
            final int[] members, final int[] zones, final int selfId, final int degree, final int connectivityNeeded) {
        this.members = members;
        this.zones = zones;
        this.connectivityNeeded = connectivityNeeded;
        offsets = offsets(members.length, degree);
        int place = -1;
        for (int i = 0; i < members.length; i++) {
            place = members[i] == selfId ? i : place;
        }
        selfPlace = place;
    }

    /** The overlay that follows from a table, as one member sees it. */
    static Overlay of(final MembershipContext context, final MemberTable table, final int degree) {
        final int count = table.memberCount();
        final int stride = ProbeSchedule.coprime(MemberTable.mix(context.epoch()), count);
        final int[] members = new int[table.presentCount()];
        final int[] zones = new int[members.length];
        int found = 0;
        for (int step = 0, id = 0; step < count; step++, id = (id + stride) % count) {
            if (table.isPresent(id)) {
                members[found] = id;
                zones[found++] = table.record(id).zone();
            }
        }
        return of(members, zones, context.selfId(), degree, context.overlayFaultyMax() + 1);
    }

    /** Zones in turn if no zone's loss cuts the rest; else zone by zone, where a loss only takes an arc out of a ring. */
    static Overlay of(
            final int[] members, final int[] zones, final int selfId, final int degree, final int connectivityNeeded) {
        final Overlay inTurn = ordered(members, zones, selfId, degree, connectivityNeeded, true);
        if (inTurn.survivesEachZone()) {
            return inTurn;
        }
        final Overlay byZone = ordered(members, zones, selfId, degree, connectivityNeeded, false);
        return byZone.survivesEachZone() ? byZone : inTurn;
    }

    private static Overlay ordered(
            final int[] members,
            final int[] zones,
            final int selfId,
            final int degree,
            final int connectivityNeeded,
            final boolean areInTurn) {
        final Map<Integer, Long> sizes = new HashMap<>();
        for (final int zone : zones) {
            sizes.merge(zone, 1L, Long::sum);
        }
        final Map<Integer, Long> ranks = new HashMap<>();
        final long[] keys = new long[members.length];
        final Integer[] order = new Integer[members.length];
        for (int i = 0; i < members.length; i++) {
            // A zone's members are spread evenly over the order, or stand together.
            final long rank = ranks.merge(zones[i], 1L, Long::sum) - 1;
            keys[i] = areInTurn ? ((2 * rank + 1) << 32) / (2 * sizes.get(zones[i])) : 0;
            order[i] = i;
        }
        Arrays.sort(
                order,
                Comparator.<Integer>comparingLong(i -> keys[i])
                        .thenComparingInt(i -> zones[i])
                        .thenComparingInt(i -> i));
        final int[] sorted = new int[members.length];
        final int[] sortedZones = new int[members.length];
        for (int i = 0; i < order.length; i++) {
            sorted[i] = members[order[i]];
            sortedZones[i] = zones[order[i]];
        }
        return new Overlay(sorted, sortedZones, selfId, degree, connectivityNeeded);
    }

    /** Steps from a place to its neighbours; with each one the step back. */
    private static int[] offsets(final int count, final int degree) {
        final boolean[] isOffset = new boolean[Math.max(1, count)];
        for (int offset = 1; offset <= degree / 2 && offset < count; offset++) {
            isOffset[offset] = true;
            isOffset[count - offset] = true;
        }
        if (degree % 2 == 1 && count > 1) {
            // The opposite place; of an odd number of places both that are nearest to it.
            isOffset[count / 2] = true;
            isOffset[count - count / 2] = true;
        }
        return IntStream.range(1, Math.max(1, count))
                .filter(offset -> isOffset[offset])
                .toArray();
    }

    private int neighbourOf(final int place, final int index) {
        return (place + offsets[index]) % members.length;
    }

    /** Neighbours of this member; 0 if it is not present itself. */
    public int neighbourCount() {
        return selfPlace < 0 ? 0 : offsets.length;
    }

    /** Id of one neighbour. */
    public int neighbour(final int index) {
        return members[neighbourOf(selfPlace, index)];
    }

    /** What is wrong, measured on the graph. */
    public Alarm alarm() {
        if (!isConnected(connectivityNeeded)) {
            return Alarm.TOO_FEW;
        }
        if (!survivesEachZone()) {
            return Alarm.ZONE_CUTS;
        }
        boolean hasOthers = false;
        boolean reachesOthers = selfPlace < 0;
        for (int place = 0; selfPlace >= 0 && place < members.length; place++) {
            hasOthers |= zones[place] != zones[selfPlace];
        }
        for (int i = 0; i < neighbourCount(); i++) {
            reachesOthers |= zones[neighbourOf(selfPlace, i)] != zones[selfPlace];
        }
        return hasOthers && !reachesOthers ? Alarm.ONE_ZONE : Alarm.NONE;
    }

    private boolean survivesEachZone() {
        return IntStream.of(zones).distinct().allMatch(this::isWholeWithout);
    }

    /** True if the members outside a zone reach one another without it. */
    private boolean isWholeWithout(final int zone) {
        final boolean[] isSeen = new boolean[members.length];
        final ArrayDeque<Integer> open = new ArrayDeque<>();
        int left = 0;
        for (int place = 0; place < members.length; place++) {
            if (zones[place] != zone) {
                if (left++ == 0) {
                    open.add(place);
                    isSeen[place] = true;
                }
            }
        }
        int reached = 0;
        while (!open.isEmpty()) {
            reached++;
            final int place = open.remove();
            for (int i = 0; i < offsets.length; i++) {
                final int next = neighbourOf(place, i);
                if (zones[next] != zone && !isSeen[next]) {
                    isSeen[next] = true;
                    open.add(next);
                }
            }
        }
        return reached == left;
    }

    /** The largest number of members whose loss never cuts the rest, plus one (kappa). */
    public int connectivity() {
        int connectivity = 0;
        while (isConnected(connectivity + 1)) {
            connectivity++;
        }
        return connectivity;
    }

    /**
     * True if vertex connectivity is at least {@code needed} (Even, SIAM J. Comput. 1975): the first {@code needed} places have so many disjoint
     * paths between any two, and each later place has them to the places before it.
     */
    boolean isConnected(final int needed) {
        final int count = members.length;
        if (needed <= 0) {
            return true;
        }
        if (count <= needed) {
            return false;
        }
        final Flow flow = new Flow(this);
        for (int one = 0; one < needed; one++) {
            for (int other = 0; other < one; other++) {
                if (!flow.hasPaths(one, other, needed)) {
                    return false;
                }
            }
        }
        for (int place = needed; place < count; place++) {
            if (!flow.hasPathsFromAllBefore(place, needed)) {
                return false;
            }
        }
        return true;
    }

    /** Paths that share no inner vertex, found one by one (Ford and Fulkerson) over a graph with each vertex split in two. */
    private static final class Flow {
        private final int count;
        private final int[] first;
        private final int[] next;
        private final int[] to;
        private final boolean[] isOpen;
        private final boolean[] isOpenAtFirst;
        private final boolean[] isSeen;
        private int edges;

        Flow(final Overlay overlay) {
            count = overlay.members.length;
            final int edgesMax = 2 * (count + count * overlay.offsets.length + count);
            first = new int[2 * count + 1];
            Arrays.fill(first, -1);
            next = new int[edgesMax];
            to = new int[edgesMax];
            isOpen = new boolean[edgesMax];
            isOpenAtFirst = new boolean[edgesMax];
            isSeen = new boolean[2 * count + 1];
            for (int place = 0; place < count; place++) {
                join(in(place), out(place));
                join(2 * count, in(place));
                for (int i = 0; i < overlay.offsets.length; i++) {
                    join(out(place), in(overlay.neighbourOf(place, i)));
                }
            }
        }

        private static int in(final int place) {
            return 2 * place;
        }

        private static int out(final int place) {
            return 2 * place + 1;
        }

        private void join(final int from, final int target) {
            isOpenAtFirst[edges] = true;
            add(from, target);
            add(target, from);
        }

        private void add(final int from, final int target) {
            to[edges] = target;
            next[edges] = first[from];
            first[from] = edges++;
        }

        /** From one place to another. */
        boolean hasPaths(final int from, final int target, final int needed) {
            return augment(out(from), in(target), target, needed);
        }

        /** To a place from all before it, as if one vertex stood before them. */
        boolean hasPathsFromAllBefore(final int target, final int needed) {
            return augment(2 * count, in(target), target, needed);
        }

        private boolean augment(final int source, final int sink, final int before, final int needed) {
            System.arraycopy(isOpenAtFirst, 0, isOpen, 0, edges);
            for (int edge = first[2 * count]; edge >= 0; edge = next[edge]) {
                isOpen[edge] = to[edge] < in(before);
            }
            for (int paths = 0; paths < needed; paths++) {
                Arrays.fill(isSeen, false);
                if (!hasPath(source, sink)) {
                    return false;
                }
            }
            return true;
        }

        private boolean hasPath(final int node, final int sink) {
            if (node == sink) {
                return true;
            }
            isSeen[node] = true;
            for (int edge = first[node]; edge >= 0; edge = next[edge]) {
                if (isOpen[edge] && !isSeen[to[edge]] && hasPath(to[edge], sink)) {
                    isOpen[edge] = false;
                    isOpen[edge ^ 1] = true;
                    return true;
                }
            }
            return false;
        }
    }
}
