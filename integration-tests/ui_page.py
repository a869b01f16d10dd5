"""The page at /ui as its reader knows it: connectors by name, their states, numbers and buttons."""

import wait

CONNECTOR = "return [...document.querySelectorAll('.connector')].find(one => one.querySelector('.name').textContent === arguments[0])"
READ = CONNECTOR.replace("return ", "const found = ") + """;
if (!found) return null;
const text = name => found.querySelector(name)?.textContent;
const numbers = name => [...found.querySelectorAll(name)].map(one => one.textContent);
return {state: text('.head .state'), type: text('.type'), worker: text('.worker'), told: text('.told'),
        tasks: numbers('.task .state'), numbers: numbers('.task .numbers'), notes: numbers('.notes li'),
        waiting: [...found.querySelectorAll('.waiting:not([hidden])')].map(one => one.textContent),
        errors: [...found.querySelectorAll('.error:not([hidden]) pre')].map(one => one.textContent),
        rate: Number(found.querySelector('.rate svg').dataset.points || 0),
        lag: Number(found.querySelector('.lag svg').dataset.points || 0),
        card: found.closest('.card').querySelector('h2').textContent,
        disabled: [...found.querySelectorAll('button')].map(one => one.disabled)}"""


class UiPage:
    def __init__(self, browser, rest_url):
        self.browser, self.url = browser, f"{rest_url}/ui/"

    def open(self, path=None):
        self.browser.open(path or self.url)
        return self

    def names(self):
        return self.browser.run("return [...document.querySelectorAll('.connector .name')].map(one => one.textContent)")

    def read(self, name):
        """What is shown of a connector, hidden parts left out; None: it is not there."""
        return self.browser.run(READ, name)

    def wait(self, name, what, **wanted):
        """Until each member is equal, or fulfils the function that is given for it."""
        def is_so():
            seen = self.read(name)
            assert seen, f"no {name}"
            for member, value in wanted.items():
                fits = value(seen[member]) if callable(value) else seen[member] == value
                assert fits, seen
            return seen
        return wait.until(is_so, 60, f"{what} of {name} on the page")

    def button(self, name, css):
        return self.browser.run(f"{CONNECTOR}.querySelector(arguments[1])", name, css)

    def press(self, name, css, confirm=True):
        """A button of a connector, and then one of the question that it asks, which is returned."""
        self.browser.click(self.button(name, css))
        question = self.browser.text("#confirm h2")
        self.browser.click("#confirm-yes" if confirm else "#confirm-no")
        return question
