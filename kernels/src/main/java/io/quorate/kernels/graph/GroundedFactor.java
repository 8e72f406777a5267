package io.quorate.kernels.graph;

/**
 * The factorisation L D L^T of the Laplacian of one component with its smallest node grounded (its row and column removed): a
 * symmetric positive definite matrix. Nodes are eliminated from the greatest id down. Eliminating a node k replaces its edges
 * by edges among its neighbours, w_ij + w_ki w_kj / d_k with d_k the sum of the remaining w_ki (star-mesh transform).
 *
 * <p>Pivots are taken as such sums, not as what is left of a diagonal. So nothing is ever subtracted, and every entry of the
 * factor has a small relative error however far apart the weights are (Grassmann, Taksar, Heyman 1985).
 */
final class GroundedFactor {
    private final int[] members;
    private final double[] pivots;

    /** Row k, entries i < k: w_ki / d_k, the chance that a walk from k meets i first among the nodes before k. */
    private final double[][] shares;

    /** @param members the nodes of one component, ascending */
    GroundedFactor(final PeerGraph graph, final int[] members) {
        this.members = members;
        this.pivots = new double[members.length];
        this.shares = new double[members.length][];
        final int[] places = new int[graph.nodes()];
        for (int k = 0; k < members.length; k++) {
            shares[k] = new double[k];
            places[members[k]] = k;
        }
        for (int k = 0; k < members.length; k++) {
            for (int at = graph.rowStart(members[k]); at < graph.rowStart(members[k] + 1); at++) {
                final int i = places[graph.neighbour(at)];
                if (i < k) {
                    shares[k][i] = graph.weight(graph.edge(at));
                }
            }
        }
        for (int k = members.length - 1; k > 0; k--) {
            eliminate(k);
        }
    }

    private void eliminate(final int k) {
        final double[] row = shares[k];
        double pivot = 0.0;
        for (int i = 0; i < k; i++) {
            pivot += row[i];
        }
        pivots[k] = pivot;
        for (int i = 1; i < k; i++) {
            final double share = row[i] / pivot;
            if (share != 0.0) {
                final double[] target = shares[i];
                for (int j = 0; j < i; j++) {
                    target[j] += share * row[j];
                }
            }
        }
        for (int i = 0; i < k; i++) {
            row[i] /= pivot;
        }
    }

    int size() {
        return members.length;
    }

    int member(final int k) {
        return members[k];
    }

    /**
     * In place: x becomes L+ x, with L+ the pseudo-inverse of the component's Laplacian.
     *
     * @param x one number a member, summing to zero
     */
    void solve(final double[] x) {
        final int size = members.length;
        for (int k = size - 1; k > 0; k--) {
            final double[] row = shares[k];
            for (int i = 0; i < k; i++) {
                x[i] += row[i] * x[k];
            }
        }
        x[0] = 0.0;
        double sum = 0.0;
        for (int k = 1; k < size; k++) {
            final double[] row = shares[k];
            double potential = x[k] / pivots[k];
            for (int i = 0; i < k; i++) {
                potential += row[i] * x[i];
            }
            x[k] = potential;
            sum += potential;
        }
        final double mean = sum / size;
        for (int k = 0; k < size; k++) {
            x[k] -= mean;
        }
    }

    /**
     * Writes the effective resistances of the component. Taken back in ascending order, node k with shares p has
     *
     * <pre>R_kj = 1 / d_k + sum over i of p_i R_ij - 1/2 sum over i, l of p_i p_l R_il</pre>
     *
     * Both sums are at most (1 + degree of k) R_kj, so that the difference keeps the relative accuracy of its terms.
     */
    void resistances(final double[][] target) {
        final double[] sums = new double[members.length];
        final int[] places = new int[members.length];
        for (int k = 1; k < members.length; k++) {
            final double[] share = shares[k];
            int count = 0;
            for (int i = 0; i < k; i++) {
                if (share[i] != 0.0) {
                    places[count++] = i;
                }
            }
            for (int j = 0; j < k; j++) {
                final double[] row = target[members[j]];
                double sum = 0.0;
                for (int at = 0; at < count; at++) {
                    sum += share[places[at]] * row[members[places[at]]];
                }
                sums[j] = sum;
            }
            double half = 0.0;
            for (int at = 0; at < count; at++) {
                half += share[places[at]] * sums[places[at]];
            }
            for (int j = 0; j < k; j++) {
                final double resistance = 1.0 / pivots[k] + (sums[j] - half / 2);
                target[members[k]][members[j]] = resistance;
                target[members[j]][members[k]] = resistance;
            }
        }
    }
}
