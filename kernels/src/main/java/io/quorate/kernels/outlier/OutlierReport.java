package io.quorate.kernels.outlier;

/** What {@link OutlierScores} found. Owned by the caller, overwritten by each call. */
public final class OutlierReport {
    private final double[] distances;
    private final double[] scores;
    private final double[] sorted;
    private final int[] suspects;
    private int rows;
    private int suspectCount;
    private double medianDistance;
    private double deviation;

    /** @throws IllegalArgumentException if {@code rowsMax} is below 1 */
    public OutlierReport(final int rowsMax) {
        if (rowsMax < 1) {
            throw new IllegalArgumentException("a report holds at least one row, given " + rowsMax);
        }
        this.distances = new double[rowsMax];
        this.scores = new double[rowsMax];
        this.sorted = new double[rowsMax];
        this.suspects = new int[rowsMax];
    }

    /** How many rows the last call had. */
    public int rows() {
        return rows;
    }

    public int rowsMax() {
        return distances.length;
    }

    /** How far the row lies from the geometric median. */
    public double distance(final int row) {
        return distances[requireRow(row)];
    }

    /** 0.6745 (distance - median) / MAD; where MAD is 0, infinite for a distance that differs from the median and 0 for the rest. */
    public double score(final int row) {
        return scores[requireRow(row)];
    }

    /** The median of the distances. */
    public double medianDistance() {
        return medianDistance;
    }

    /** MAD: the median of |distance - median distance|. */
    public double deviation() {
        return deviation;
    }

    public int suspectCount() {
        return suspectCount;
    }

    /** The row of a suspect; suspect 0 is the most distant one. */
    public int suspect(final int index) {
        if (index < 0 || index >= suspectCount) {
            throw new IndexOutOfBoundsException("there are " + suspectCount + " suspects, given index " + index);
        }
        return suspects[index];
    }

    public boolean isSuspect(final int row) {
        requireRow(row);
        for (int index = 0; index < suspectCount; index++) {
            if (suspects[index] == row) {
                return true;
            }
        }
        return false;
    }

    void begin(final int count, final double median, final double medianDeviation) {
        rows = count;
        suspectCount = 0;
        medianDistance = median;
        deviation = medianDeviation;
    }

    void setScore(final int row, final double score) {
        scores[row] = score;
    }

    /** To be filled by the detector. */
    double[] distances() {
        return distances;
    }

    /** Room to sort in. */
    double[] sorted() {
        return sorted;
    }

    void addSuspect(final int row) {
        suspects[suspectCount++] = row;
    }

    private int requireRow(final int row) {
        if (row < 0 || row >= rows) {
            throw new IndexOutOfBoundsException("the last call had " + rows + " rows, given row " + row);
        }
        return row;
    }
}
