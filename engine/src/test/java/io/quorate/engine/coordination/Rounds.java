package io.quorate.engine.coordination;

import java.util.Random;
import org.agrona.ExpandableArrayBuffer;

/** Rounds made of plain arrays, through the door that every output takes. */
final class Rounds {
    private Rounds() {}

    /** All peers contribute; a null content is a silent peer. */
    static Round of(final CoordinatorContext context, final String[] contents, final float[][] vectors) {
        final Round round = new Round(context);
        fill(context, round, contents, vectors);
        return round;
    }

    static void fill(
            final CoordinatorContext context, final Round round, final String[] contents, final float[][] vectors) {
        final PeerOutput output = new PeerOutput(context);
        final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
        round.open("round");
        for (int peer = 0; peer < contents.length; peer++) {
            if (contents[peer] == null) {
                continue;
            }
            final int length = PeerOutput.encode(command, 0, "round", "type", contents[peer], vectors[peer]);
            final ContributionOutcome outcome = output.wrap(command, 0, length);
            if (outcome != ContributionOutcome.ACCEPTED || round.add(peer, output) != ContributionOutcome.ACCEPTED) {
                throw new AssertionError("output of peer " + peer + " refused: " + outcome);
            }
        }
    }

    static CoordinatorContext context(final int peers, final int dimension) {
        return new CoordinatorContext().peerCount(peers).dimension(dimension);
    }

    static String[] same(final int peers, final String content) {
        final String[] contents = new String[peers];
        java.util.Arrays.fill(contents, content);
        return contents;
    }

    static float[][] gaussian(final Random random, final int peers, final int dimension) {
        final float[][] vectors = new float[peers][dimension];
        for (final float[] vector : vectors) {
            for (int i = 0; i < dimension; i++) {
                vector[i] = (float) random.nextGaussian();
            }
        }
        return vectors;
    }

    /** Vectors around one common point. */
    static float[][] around(final Random random, final int peers, final int dimension, final float spread) {
        final float[] centre = gaussian(random, 1, dimension)[0];
        final float[][] vectors = gaussian(random, peers, dimension);
        for (final float[] vector : vectors) {
            for (int i = 0; i < dimension; i++) {
                vector[i] = centre[i] + spread * vector[i];
            }
        }
        return vectors;
    }

    static float[][] scaled(final float[][] vectors, final int peer, final float factor) {
        final float[][] copies = new float[vectors.length][];
        for (int i = 0; i < vectors.length; i++) {
            copies[i] = vectors[i].clone();
        }
        for (int i = 0; i < copies[peer].length; i++) {
            copies[peer][i] *= factor;
        }
        return copies;
    }

    static double[] influences(final Coordinator coordinator) {
        final double[] influences = new double[coordinator.contributorCount()];
        for (int i = 0; i < influences.length; i++) {
            influences[i] = coordinator.influence(i);
        }
        return influences;
    }

    static int[] suspects(final Coordinator coordinator) {
        final int[] suspects = new int[coordinator.suspectCount()];
        for (int i = 0; i < suspects.length; i++) {
            suspects[i] = coordinator.suspect(i);
        }
        return suspects;
    }

    static float[] fused(final Coordinator coordinator) {
        final float[] fused = new float[coordinator.context().dimension()];
        for (int i = 0; i < fused.length; i++) {
            fused[i] = coordinator.fused(i);
        }
        return fused;
    }
}
