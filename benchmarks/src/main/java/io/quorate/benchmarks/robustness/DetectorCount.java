package io.quorate.benchmarks.robustness;

import io.quorate.kernels.outlier.OutlierReport;
import io.quorate.kernels.outlier.OutlierScores;

/** How often the detector named honest rows, and how many liars it missed, over the runs of one cell. */
final class DetectorCount {
    private final double guard;
    private int runs;
    private int alarms;
    private int liars;
    private int missed;

    /** @param guard the factor that the detector has; {@link OutlierScores#GUARD} is its own, 0 is none */
    DetectorCount(final double guard) {
        this.guard = guard;
    }

    /** @param liarsHere how many of the last rows lied */
    void add(final OutlierReport report, final int faultyMax, final int liarsHere) {
        final boolean[] isNamed = named(report, faultyMax);
        boolean isAlarm = false;
        for (int row = 0; row < isNamed.length; row++) {
            if (row < isNamed.length - liarsHere) {
                isAlarm |= isNamed[row];
            } else {
                missed += isNamed[row] ? 0 : 1;
            }
        }
        runs++;
        alarms += isAlarm ? 1 : 0;
        liars += liarsHere;
    }

    /** The detector's rule with this guard, from the report's distances and scores. */
    private boolean[] named(final OutlierReport report, final int faultyMax) {
        final boolean[] isNamed = new boolean[report.rows()];
        for (int named = 0; named < faultyMax; named++) {
            int best = -1;
            for (int row = 0; row < isNamed.length; row++) {
                final boolean isFar = report.score(row) > OutlierScores.SCORE_MIN
                        && report.distance(row) > guard * report.medianDistance();
                if (isFar && !isNamed[row] && (best < 0 || report.distance(row) > report.distance(best))) {
                    best = row;
                }
            }
            if (best < 0) {
                break;
            }
            isNamed[best] = true;
        }
        return isNamed;
    }

    int runs() {
        return runs;
    }

    /** Share of runs in which an honest row was named. */
    double alarmRate() {
        return runs == 0 ? 0 : alarms / (double) runs;
    }

    /** Share of liars that were not named. */
    double missRate() {
        return liars == 0 ? 0 : missed / (double) liars;
    }
}
