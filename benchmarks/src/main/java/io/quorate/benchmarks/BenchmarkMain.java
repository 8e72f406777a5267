package io.quorate.benchmarks;

import java.io.IOException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * JMH's own command line, with one addition: unless {@code -jvmArgs} says otherwise, forks get the argument files of
 * {@code native-profiles}. What only lists or explains is left to JMH.
 */
public final class BenchmarkMain {
    private BenchmarkMain() {}

    public static void main(final String[] arguments) throws IOException, RunnerException, CommandLineOptionException {
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
