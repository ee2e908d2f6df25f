# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_blackstart_global_optspecs
    string join \n config= profile= region= endpoint-url= logbook= read-only theme= keymap= ascii h/help V/version
end

function __fish_blackstart_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_blackstart_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_blackstart_using_subcommand
    set -l cmd (__fish_blackstart_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c blackstart -n "__fish_blackstart_needs_command" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_needs_command" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_needs_command" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_needs_command" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_needs_command" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_needs_command" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_needs_command" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_needs_command" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_needs_command" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c blackstart -n "__fish_blackstart_needs_command" -s V -l version -d 'Print version'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "demo" -d 'The cockpit on the embedded simulator: no account, no network'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "record" -d 'Keep the logbook warm without a screen, until SIGTERM: what AWS lists, what probes find. Never acts'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "status" -d 'Sweep everything once and say how it is; exit 0 if every cell is fresh, 1 if some are dark'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "plan" -d 'Show what an action would do; touches nothing'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "do" -d 'Make the same plan, and with the right --confirm carry it out, logged'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "replay" -d 'The cockpit, read-only, driven by a log'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "log" -d 'Read, verify and export the logbook'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "note" -d 'Write a note into the logbook'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "declare" -d 'Declare an incident: a labelled span of the log'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "close" -d 'Close the declared incident'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "check" -d 'Check config, keymaps and themes: every complaint with file, line and column'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "keys" -d 'List every key, from the keymap in force'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "themes" -d 'List the themes'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "man" -d 'Print the man page (roff)'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "screenshots" -d 'Paint every screen from the simulator, as SVG (and PNG where a converter is installed)'
complete -c blackstart -n "__fish_blackstart_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l scenario -d 'A shipped scenario by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l seed -d 'Another run of the same scenario' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l speed -d 'Seconds of scenario a second' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand demo" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand record" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand status" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "maintenance" -d 'Turn a site\'s maintenance mode on or off'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "apex" -d 'Point a site\'s record at one of its targets'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "relaunch" -d 'Replace instances by new ones alike: launched, registered, the old ones taken out'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "terminate" -d 'Terminate an instance'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "restore" -d 'Restore a database from a snapshot, or to a point in time'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "register" -d 'Register instances under a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "deregister" -d 'Deregister instances from a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "undo" -d 'Reverse the last apex, maintenance or registration action or undo, or the one named'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l via -d 'Another target than the site\'s maintenance target' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from maintenance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from apex" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from relaunch" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from terminate" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l at -d 'Up to when (UTC): 03:12, 03:12:30, "2012-06-30 03:12" or RFC 3339; -5m from now. The newest restorable second by default' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from register" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from deregister" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from undo" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "maintenance" -d 'Turn a site\'s maintenance mode on or off'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "apex" -d 'Point a site\'s record at one of its targets'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "relaunch" -d 'Replace instances by new ones alike: launched, registered, the old ones taken out'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "terminate" -d 'Terminate an instance'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "restore" -d 'Restore a database from a snapshot, or to a point in time'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "register" -d 'Register instances under a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "deregister" -d 'Deregister instances from a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "undo" -d 'Reverse the last apex, maintenance or registration action or undo, or the one named'
complete -c blackstart -n "__fish_blackstart_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "maintenance" -d 'Turn a site\'s maintenance mode on or off'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "apex" -d 'Point a site\'s record at one of its targets'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "relaunch" -d 'Replace instances by new ones alike: launched, registered, the old ones taken out'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "terminate" -d 'Terminate an instance'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "restore" -d 'Restore a database from a snapshot, or to a point in time'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "register" -d 'Register instances under a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "deregister" -d 'Deregister instances from a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "undo" -d 'Reverse the last apex, maintenance or registration action or undo, or the one named'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "verify" -d 'See what became of an action of unknown outcome, and write it down; changes nothing, needs no --confirm'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and not __fish_seen_subcommand_from maintenance apex relaunch terminate restore register deregister undo verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l via -d 'Another target than the site\'s maintenance target' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from maintenance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from apex" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from relaunch" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from terminate" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l at -d 'Up to when (UTC): 03:12, 03:12:30, "2012-06-30 03:12" or RFC 3339; -5m from now. The newest restorable second by default' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from register" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from deregister" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from undo" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l confirm -d 'The text that the plan says to type' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l json -d 'As JSON'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "maintenance" -d 'Turn a site\'s maintenance mode on or off'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "apex" -d 'Point a site\'s record at one of its targets'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "relaunch" -d 'Replace instances by new ones alike: launched, registered, the old ones taken out'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "terminate" -d 'Terminate an instance'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "restore" -d 'Restore a database from a snapshot, or to a point in time'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "register" -d 'Register instances under a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "deregister" -d 'Deregister instances from a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "undo" -d 'Reverse the last apex, maintenance or registration action or undo, or the one named'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "verify" -d 'See what became of an action of unknown outcome, and write it down; changes nothing, needs no --confirm'
complete -c blackstart -n "__fish_blackstart_using_subcommand do; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l at -d 'Open at this moment (UTC): 03:12, 03:12:30, "2012-06-30 03:12" or RFC 3339; +10m from the log\'s beginning, -5m from its end. A time of several days is the last of them' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l speed -d 'Play at so many times the speed of the log' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand replay" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -f -a "show" -d 'The story, oldest first'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -f -a "verify" -d 'Prove the chain: exit 0 intact, 1 torn tail only, 3 broken (names file and line)'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -f -a "report" -d 'A postmortem draft in Markdown'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -f -a "export" -d 'The timeline for programs'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and not __fish_seen_subcommand_from show verify report export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l all -d 'Every entry, observations too'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from report" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l format -d 'Format' -r -f -a "json\t'One JSON object a line'
csv\t'Comma-separated values'"
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "show" -d 'The story, oldest first'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Prove the chain: exit 0 intact, 1 torn tail only, 3 broken (names file and line)'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "report" -d 'A postmortem draft in Markdown'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "export" -d 'The timeline for programs'
complete -c blackstart -n "__fish_blackstart_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand note" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand declare" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand close" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand check" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand keys" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand themes" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand man" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand completions" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l config -d 'Configuration file, instead of the usual places' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l profile -d 'AWS profile; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l region -d 'Region to watch; several are shown in one table' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l endpoint-url -d 'Send every service to this endpoint' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l logbook -d 'Directory of the logbook' -r -F
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l theme -d 'Theme by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l keymap -d 'Keymap by name, or a file' -r
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l read-only -d 'Watch only: no path to any action. Notes are no actions'
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -l ascii -d 'Only ASCII on the screen'
complete -c blackstart -n "__fish_blackstart_using_subcommand screenshots" -s h -l help -d 'Print help'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "demo" -d 'The cockpit on the embedded simulator: no account, no network'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "record" -d 'Keep the logbook warm without a screen, until SIGTERM: what AWS lists, what probes find. Never acts'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "status" -d 'Sweep everything once and say how it is; exit 0 if every cell is fresh, 1 if some are dark'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "plan" -d 'Show what an action would do; touches nothing'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "do" -d 'Make the same plan, and with the right --confirm carry it out, logged'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "replay" -d 'The cockpit, read-only, driven by a log'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "log" -d 'Read, verify and export the logbook'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "note" -d 'Write a note into the logbook'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "declare" -d 'Declare an incident: a labelled span of the log'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "close" -d 'Close the declared incident'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "check" -d 'Check config, keymaps and themes: every complaint with file, line and column'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "keys" -d 'List every key, from the keymap in force'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "themes" -d 'List the themes'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "man" -d 'Print the man page (roff)'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "completions" -d 'Print completions for a shell'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "screenshots" -d 'Paint every screen from the simulator, as SVG (and PNG where a converter is installed)'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and not __fish_seen_subcommand_from demo record status plan do replay log note declare close check keys themes man completions screenshots help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "maintenance" -d 'Turn a site\'s maintenance mode on or off'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "apex" -d 'Point a site\'s record at one of its targets'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "relaunch" -d 'Replace instances by new ones alike: launched, registered, the old ones taken out'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "terminate" -d 'Terminate an instance'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "restore" -d 'Restore a database from a snapshot, or to a point in time'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "register" -d 'Register instances under a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "deregister" -d 'Deregister instances from a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "undo" -d 'Reverse the last apex, maintenance or registration action or undo, or the one named'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "maintenance" -d 'Turn a site\'s maintenance mode on or off'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "apex" -d 'Point a site\'s record at one of its targets'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "relaunch" -d 'Replace instances by new ones alike: launched, registered, the old ones taken out'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "terminate" -d 'Terminate an instance'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "restore" -d 'Restore a database from a snapshot, or to a point in time'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "register" -d 'Register instances under a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "deregister" -d 'Deregister instances from a balancer or target group'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "undo" -d 'Reverse the last apex, maintenance or registration action or undo, or the one named'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from do" -f -a "verify" -d 'See what became of an action of unknown outcome, and write it down; changes nothing, needs no --confirm'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "show" -d 'The story, oldest first'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "verify" -d 'Prove the chain: exit 0 intact, 1 torn tail only, 3 broken (names file and line)'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "report" -d 'A postmortem draft in Markdown'
complete -c blackstart -n "__fish_blackstart_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "export" -d 'The timeline for programs'
