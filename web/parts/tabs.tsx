import { useUi } from '../ui.ts';

export interface Tab {
  /** In the address: `?tab=audit`; the first one is absent there. */
  readonly name: string;
  readonly text: string;
}

interface TabsProps {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly shown: string;
}

/** Parts of a page, each with an address of its own: links, so that they work with the keyboard, Back and a new window. */
export function Tabs({ label, tabs, shown }: TabsProps) {
  const { address } = useUi();
  const { pathname } = address.url.value;
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ name, text }, at) => (
        <a
          key={name}
          href={at === 0 ? pathname : `${pathname}?tab=${name}`}
          aria-current={name === shown ? 'page' : undefined}
        >
          {text}
        </a>
      ))}
    </nav>
  );
}

/** The tab that the address names; the first one where it names none of them. */
export function tabIn(url: URL, tabs: readonly Tab[]): string {
  const name = url.searchParams.get('tab');
  return tabs.find((tab) => tab.name === name)?.name ?? tabs[0]?.name ?? '';
}
