package io.quorate.benchmarks.live;

import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.benchmarks.sides.Orders;
import io.quorate.benchmarks.sides.SideMain;
import io.quorate.benchmarks.sides.SideName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/** The parent's end of one side's process: gives it orders, keeps what it measured, makes sure that it ends. */
final class SideProcess implements AutoCloseable {
    private final SideName name;
    private final BenchProcess process;
    private final List<Double> sliceP50s = new ArrayList<>();
    private String description = "";
    private long requestCount;
    private long elapsedNs;

    private SideProcess(final SideName name, final BenchProcess process) {
        this.name = name;
        this.process = process;
    }

    /** Starts the process; {@link #awaitReady()} waits until it works. */
    static SideProcess start(
            final SideName name, final BenchFolder run, final BenchFolder data, final CompareOptions options)
            throws IOException {
        final BenchFolder folder = run.make(name.name());
        final BenchFolder files = options.isDurable() ? data.make(name.name()) : folder;
        return new SideProcess(
                name,
                BenchProcess.start(
                        name.title(),
                        folder,
                        List.of(
                                SideMain.COMMAND,
                                name.name(),
                                folder.path().toString(),
                                files.path().toString(),
                                options.threading().name(),
                                Boolean.toString(options.isDurable()))));
    }

    ProcessHandle handle() {
        return process.handle();
    }

    void awaitReady() throws InterruptedException {
        description = process.answer(SideMain.READY);
    }

    void warmUp(final long lengthNs) throws InterruptedException {
        process.order(SideMain.WARM + lengthNs);
        process.answer(SideMain.WARM);
    }

    void slice(final long lengthNs) throws InterruptedException {
        process.order(SideMain.SLICE + lengthNs);
        final String[] words = process.answer(SideMain.SLICE).split(" ");
        requestCount += Long.parseLong(words[0]);
        elapsedNs += Long.parseLong(words[1]);
        sliceP50s.add(Double.parseDouble(words[2]));
    }

    /** Everything measured so far. */
    SideResult result() throws InterruptedException {
        process.order(SideMain.HISTOGRAM);
        final Histogram histogram = Orders.decoded(process.answer(SideMain.HISTOGRAM));
        if (histogram.getTotalCount() != requestCount) {
            throw new IllegalStateException(
                    name.title() + " counted " + requestCount + " requests and recorded " + histogram.getTotalCount());
        }
        return new SideResult(name, description, histogram, elapsedNs, List.copyOf(sliceP50s));
    }

    /** Ends the process, by force if it does not listen, and removes its folder. */
    @Override
    public void close() {
        process.close();
    }

    /** Ends the process at once. */
    void kill() {
        process.kill();
    }
}
