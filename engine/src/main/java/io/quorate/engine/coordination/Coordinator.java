package io.quorate.engine.coordination;

import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.SelfInfluence;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.outlier.OutlierReport;
import io.quorate.kernels.outlier.OutlierScores;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.kernels.similarity.UnitRows;
import java.util.Arrays;
import java.util.Locale;

/**
 * Computes what a round's outputs say together: how much each peer weighs, which answers are the same, how strongly the largest
 * group stands behind its answer, who lies far from everybody, and the fused vector. The same bits on every replica;
 * docs/protocols/decision.md defines each number.
 *
 * <p>One thread at a time. Memory is sized by the settings and allocated at construction; {@link #coordinate} allocates
 * nothing. Results are valid until the next call.
 */
public final class Coordinator implements AutoCloseable {
    private final CoordinatorContext context;
    private final Primitives primitives;
    private final SelfInfluence attention;
    private final UnitRows unitRows;
    private final FloatSlab slab;
    private final FloatMatrix[] vectors;
    private final FloatMatrix[] directions;
    private final FloatMatrix fused;
    private final Fusion fusion;
    private final OutlierScores outliers;
    private final OutlierReport outlierReport;
    private final AggregationScratch aggregationScratch;
    private final PairDistances pairs;
    private final Influence influence;
    private final Grouping grouping;

    private final int[] peerIds;
    private final String[] answers;
    private final double[] weights;
    private final double[] squaredNorms;
    private final int[] order;
    private final int[] groups;
    private final int[] groupSizes;
    private final int[] supporters;

    private final Grouping.Likeness likeness = this::likeness;

    private Round gathered;
    private int count;
    private int faulty;
    private int largestGroup;
    private int supporterCount;
    private int consensusIndex;
    private double agreement;
    private double strength;

    /** How vectors become one. The order of the constants is part of the decision's encoding. */
    public enum Mode {
        /** Mean by influence. Follows likeness, and is not robust: one liar can move it. */
        ATTENTION,
        /** Nearest-neighbour mixing, then trimmed mean. Up to f liars cannot move it far. */
        BYZANTINE,
        /** Rounds of trimmed averages over the group's graph, then trimmed mean. Stays in the honest range. */
        GOSSIP,
        /** Mean by an influence that counts likeness less where the graph connects badly. Not robust. */
        TOPOLOGY;

        /** As people and files write it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** @throws IllegalArgumentException if no mode has this label */
        public static Mode of(final String label) {
            for (final Mode mode : values()) {
                if (mode.label().equals(label)) {
                    return mode;
                }
            }
            throw new IllegalArgumentException("mode is attention, byzantine, gossip or topology, given " + label);
        }
    }

    /** @param context concluded settings */
    public Coordinator(final CoordinatorContext context) {
        context.requireConcluded();
        this.context = context;
        final int peers = context.peerCount();
        final int dimension = context.dimension();
        primitives = PrimitivesProvider.preferred();
        attention = new SelfInfluence(primitives, attentionShape(context));
        unitRows = new UnitRows(primitives);
        slab = FloatSlab.allocate((2L * peers + 1) * dimension);
        vectors = new FloatMatrix[peers + 1];
        directions = new FloatMatrix[peers + 1];
        for (int m = 1; m <= peers; m++) {
            vectors[m] = slab.matrix(0, m, dimension);
            directions[m] = slab.matrix((long) peers * dimension, m, dimension);
        }
        fused = slab.matrix(2L * peers * dimension, 1, dimension);
        outliers = new OutlierScores(primitives);
        outlierReport = new OutlierReport(peers);
        aggregationScratch = new AggregationScratch(peers, dimension);
        fusion = Fusion.of(context, primitives, aggregationScratch);
        pairs = new PairDistances(peers);
        influence = new Influence(peers);
        grouping = new Grouping(context);
        peerIds = new int[peers];
        answers = new String[peers];
        weights = new double[peers];
        squaredNorms = new double[peers];
        order = new int[peers];
        groups = new int[peers];
        groupSizes = new int[peers];
        supporters = new int[peers];
    }

    /**
     * Computes the results of a round from the outputs that it holds.
     *
     * @param round made for the same settings, with at least one output
     */
    public void coordinate(final Round round) {
        if (round.contributorCount() < 1) {
            throw new IllegalArgumentException("a round needs at least one output, given none");
        }
        gather(round);
        faulty = context.faultyAmong(count);
        weigh();
        group(round);
        consensusIndex = -1;
        if (supporterCount >= context.quorum().quorum()) {
            consensusIndex = heaviestSupporter();
        }
        agreement = ConsensusStrength.agreement(supporterCount, context.peerCount());
        strength = ConsensusStrength.strength(
                agreement,
                ConsensusStrength.meanCosine(unitRows, vectors[count], squaredNorms, supporters, supporterCount));
        pairs.measure(primitives, vectors[count], aggregationScratch);
        outliers.find(vectors[count], pairs, faulty, outlierReport, aggregationScratch);
        fusion.fuse(vectors[count], pairs, peerIds, weights, faulty, fused);
    }

    public CoordinatorContext context() {
        return context;
    }

    /** m: how many peers contributed. Contributors have indices 0 to m - 1 by rising peer id. */
    public int contributorCount() {
        return count;
    }

    public int peerId(final int index) {
        return peerIds[index];
    }

    /** How many liars the numbers allowed for. */
    public int faulty() {
        return faulty;
    }

    /** Lowest peer id with the same answer. */
    public int group(final int index) {
        return peerIds[groups[index]];
    }

    public double influence(final int index) {
        return weights[index];
    }

    /** Index of the contributor in this place of the ranking: by falling influence, equal ones by rising peer id. */
    public int ranked(final int place) {
        return order[place];
    }

    /** Lowest peer id of the largest group; of equally large ones the group with the lowest id. */
    public int largestGroup() {
        return peerIds[largestGroup];
    }

    public int supporterCount() {
        return supporterCount;
    }

    public boolean isAgreed() {
        return consensusIndex >= 0;
    }

    /** The supporter with the most influence, of equal ones the lowest id; -1 without a quorum. */
    public int consensusPeer() {
        return consensusIndex < 0 ? -1 : peerIds[consensusIndex];
    }

    public double agreement() {
        return agreement;
    }

    public double strength() {
        return strength;
    }

    /** How many peers the detector names; at most {@link #faulty()}. */
    public int suspectCount() {
        return outlierReport.suspectCount();
    }

    /** Peer id of a suspect, the most distant first. */
    public int suspect(final int place) {
        return peerIds[outlierReport.suspect(place)];
    }

    /** Distance of a suspect's vector to the geometric median. */
    public double suspectDistance(final int place) {
        return outlierReport.distance(outlierReport.suspect(place));
    }

    /** 0.6745 (distance - median) / MAD; the largest double when the MAD is 0. */
    public double suspectScore(final int place) {
        return Math.min(outlierReport.score(outlierReport.suspect(place)), Double.MAX_VALUE);
    }

    public float fused(final int component) {
        return fused.get(0, component);
    }

    /** Mode gossip: the diagonal of the smallest box that holds all contributed vectors; 0 in other modes. */
    public double spreadBefore() {
        return fusion.spreadBefore();
    }

    /** Mode gossip: the same of the states after the last round; 0 in other modes. */
    public double spreadAfter() {
        return fusion.spreadAfter();
    }

    /** Mode gossip: how far a contributor's final state lies from the fused vector; 0 in other modes. */
    public double finalDistance(final int index) {
        return fusion.finalDistance(index);
    }

    /** Off-heap bytes that the coordinator holds. */
    public long memoryBytes() {
        return slab.lengthBytes()
                + attention.lengthBytes()
                + unitRows.lengthBytes()
                + aggregationScratch.lengthBytes()
                + fusion.memoryBytes();
    }

    public String kernelName() {
        return primitives.name();
    }

    public int kernelBits() {
        return primitives.bits();
    }

    /** Gives the off-heap memory back. */
    @Override
    public void close() {
        slab.close();
        attention.close();
        unitRows.close();
        aggregationScratch.close();
        fusion.close();
    }

    /** Moves the rows of the contributors together, in rising peer id. */
    private void gather(final Round round) {
        count = 0;
        Arrays.fill(answers, null);
        final long rowLength = (long) context.dimension() * Float.BYTES;
        final FloatMatrix all = vectors[context.peerCount()];
        for (int peerId = 0; peerId < context.peerCount(); peerId++) {
            if (round.hasOutput(peerId)) {
                all.setRow(count, round.segment(), peerId * rowLength);
                answers[count] = round.foldedContent(peerId);
                peerIds[count] = peerId;
                count++;
            }
        }
    }

    /** Of all peers, with the temperature by which a head of a unit row is as sharp as the whole row. */
    private static AttentionShape attentionShape(final CoordinatorContext context) {
        final int peers = context.peerCount();
        final int headDim = context.dimension() / context.heads();
        return new AttentionShape(peers, peers, context.heads(), headDim, context.temperature() * context.heads());
    }

    /** Attention of the directions over themselves; a vector's length moves nothing. */
    private void weigh() {
        unitRows.normalize(vectors[count], directions[count], squaredNorms);
        final FloatMatrix attending = fusion.attending(directions[count], peerIds);
        attention.measure(attending, weights);
        influence.cap(weights, count, 1.0 / (count - faulty));
        Influence.rank(weights, count, order);
    }

    private void group(final Round round) {
        gathered = round;
        grouping.group(answers, count, likeness, groups);
        Arrays.fill(groupSizes, 0, count, 0);
        largestGroup = 0;
        for (int i = 0; i < count; i++) {
            groupSizes[groups[i]]++;
        }
        for (int i = 1; i < count; i++) {
            largestGroup = groupSizes[i] > groupSizes[largestGroup] ? i : largestGroup;
        }
        supporterCount = 0;
        for (int i = 0; i < count; i++) {
            if (groups[i] == largestGroup) {
                supporters[supporterCount++] = i;
            }
        }
    }

    /** Cosine of two contributors' wordings; a content without any is like no other. */
    private double likeness(final int left, final int right) {
        final int leftPeer = peerIds[left];
        final int rightPeer = peerIds[right];
        if (!gathered.hasWording(leftPeer) || !gathered.hasWording(rightPeer)) {
            return 0;
        }
        return unitRows.cosine(gathered.wordings(), leftPeer, gathered.wordings(), rightPeer);
    }

    private int heaviestSupporter() {
        for (int place = 0; place < count; place++) {
            if (groups[order[place]] == largestGroup) {
                return order[place];
            }
        }
        throw new IllegalStateException("the largest group has no members");
    }
}
