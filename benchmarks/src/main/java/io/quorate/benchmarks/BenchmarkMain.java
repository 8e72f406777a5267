package io.quorate.benchmarks;

import io.quorate.benchmarks.compare.KernelBench;
import io.quorate.benchmarks.decide.DecideBench;
import io.quorate.benchmarks.decide.DecideWorker;
import io.quorate.benchmarks.live.CompareBench;
import io.quorate.benchmarks.mesh.MeshBench;
import io.quorate.benchmarks.robustness.RobustnessBench;
import io.quorate.benchmarks.sides.SideMain;
import java.io.IOException;
import java.util.Arrays;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * The benchmarks' command line. A first word of our own runs one of our own comparisons; everything else is JMH's command line
 * with one addition: unless {@code -jvmArgs} says otherwise, forks get the argument files of {@code native-profiles}. What
 * only lists or explains is left to JMH.
 */
public final class BenchmarkMain {
    private BenchmarkMain() {}

    public static void main(final String[] arguments) throws IOException, RunnerException, CommandLineOptionException {
        final String command = arguments.length == 0 ? "" : arguments[0];
        final String[] rest = arguments.length == 0 ? arguments : Arrays.copyOfRange(arguments, 1, arguments.length);
        switch (command) {
            case "kernels":
                System.exit(KernelBench.run(System.out, System.err, rest));
                break;
            case "robustness":
                System.exit(RobustnessBench.run(System.out, System.err, rest));
                break;
            case "compare":
                System.exit(CompareBench.run(System.out, System.err, rest));
                break;
            case "decide":
                System.exit(DecideBench.run(System.out, System.err, rest));
                break;
            case "mesh":
                System.exit(MeshBench.run(System.out, System.err, rest));
                break;
            case DecideWorker.COMMAND:
                System.exit(DecideWorker.run(System.in, System.out, rest));
                break;
            case SideMain.COMMAND:
                System.exit(SideMain.run(System.in, System.out, rest));
                break;
            default:
                runJmh(arguments);
        }
    }

    private static void runJmh(final String... arguments)
            throws IOException, RunnerException, CommandLineOptionException {
        final CommandLineOptions given = new CommandLineOptions(arguments);
        final boolean isQuestion = given.shouldHelp()
                || given.shouldList()
                || given.shouldListWithParams()
                || given.shouldListProfilers()
                || given.shouldListResultFormats();
        if (isQuestion || given.getJvmArgs().hasValue()) {
            org.openjdk.jmh.Main.main(arguments);
            return;
        }
        final ChainedOptionsBuilder options = new OptionsBuilder().parent(given);
        new Runner(options.jvmArgs(ForkProfile.arguments()).build()).run();
    }
}
