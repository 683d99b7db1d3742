// Who the forty patients are: names as their owners write them, and how to reach them.

// [use, language, representation, family, given, text]
const latin = (family, ...given) => ['official', undefined, undefined, family, given];
const romanised = (family, ...given) => ['usual', undefined, 'ABC', family, given];
const native = (language, representation, family, ...given) => ['official', language, representation, family, given];
const maiden = (family, ...given) => ['maiden', undefined, undefined, family, given];

const berlin = (line, postalCode) => ({ line, postalCode, city: 'Berlin', country: 'DE' });

const person = (id, mrn, gender, born, names, rest) => ({ id, mrn, gender, born, names, ...rest });

/** Eight couples and one couple of two women. `partner` stands with both. */
const COUPLES = [
  person('anna', 100231, 'female', '1992-04-17', [latin('Brückner', 'Anna', 'Katharina'), maiden('Hoffmann', 'Anna', 'Katharina')],
    { partner: 'ben', marital: 'M', mobile: 1, email: 'anna.brueckner@example.org', address: berlin('Ahornsteig 14', '10555'), languages: ['de'] }),
  person('ben', 100232, 'male', '1990-11-02', [latin('Brückner', 'Ben')],
    { partner: 'anna', marital: 'M', mobile: 2, email: 'ben.brueckner@example.org', address: berlin('Ahornsteig 14', '10555'), languages: ['de'] }),
  person('olena', 100233, 'female', '1989-06-03', [native('uk', 'ABC', 'Коваленко', 'Олена'), romanised('Kovalenko', 'Olena')],
    { partner: 'taras', marital: 'M', mobile: 3, email: 'olena.kovalenko@example.com', address: berlin('Birkenhof 5', '12435'), languages: ['uk', 'ru'], interpreter: true }),
  person('taras', 100234, 'male', '1986-01-21', [native('uk', 'ABC', 'Коваленко', 'Тарас'), romanised('Kovalenko', 'Taras')],
    { partner: 'olena', marital: 'M', mobile: 4, email: 'taras.kovalenko@example.com', address: berlin('Birkenhof 5', '12435'), languages: ['uk', 'de'] }),
  person('eleni', 100235, 'female', '1987-03-25', [native('el', 'ABC', 'Παπαδοπούλου', 'Ελένη'), romanised('Papadopoulou', 'Eleni')],
    { partner: 'nikos', marital: 'M', mobile: 5, email: 'eleni.p@example.net', address: berlin('Am Olivenplatz 9', '10961'), languages: ['el', 'de'],
      oldAddress: { line: 'Οδός Ελαιώνων 18', postalCode: '105 55', city: 'Αθήνα', country: 'GR', language: 'el' } }),
  person('nikos', 100236, 'male', '1984-12-06', [native('el', 'ABC', 'Παπαδόπουλος', 'Νικόλαος'), ['nickname', 'el', 'ABC', 'Παπαδόπουλος', ['Νίκος']], romanised('Papadopoulos', 'Nikolaos')],
    { partner: 'eleni', marital: 'M', mobile: 6, email: 'nikos.p@example.net', address: berlin('Am Olivenplatz 9', '10961'), languages: ['el', 'de'] }),
  person('layla', 100237, 'female', '1993-09-09', [native('ar', 'ABC', 'حداد', 'ليلى'), romanised('Haddad', 'Layla')],
    { partner: 'omar', marital: 'M', mobile: 7, email: 'layla.haddad@example.org', address: berlin('Zedernweg 31', '12043'), languages: ['ar', 'de'], interpreter: true }),
  person('omar', 100238, 'male', '1988-07-18', [native('ar', 'ABC', 'حداد', 'عمر'), romanised('Haddad', 'Omar')],
    { partner: 'layla', marital: 'M', mobile: 8, email: 'omar.haddad@example.org', address: berlin('Zedernweg 31', '12043'), languages: ['ar', 'de', 'en'] }),
  person('mei', 100239, 'female', '1990-02-11', [native('zh', 'IDE', '王', '美玲'), romanised('Wang', 'Meiling')],
    { partner: 'wei', marital: 'M', mobile: 9, email: 'meiling.wang@example.com', address: berlin('Ginkgoallee 2', '10589'), languages: ['zh', 'en'] }),
  person('wei', 100240, 'male', '1987-10-01', [native('zh', 'IDE', '陈', '伟'), romanised('Chen', 'Wei')],
    { partner: 'mei', marital: 'M', mobile: 10, email: 'wei.chen@example.com', address: berlin('Ginkgoallee 2', '10589'), languages: ['zh', 'en', 'de'] }),
  person('thuy', 100241, 'female', '1994-08-24', [native('vi', undefined, 'Nguyễn', 'Thị Thu', 'Thủy')],
    { partner: 'minh', marital: 'M', mobile: 11, email: 'thuthuy.nguyen@example.org', address: berlin('Lotosufer 77', '10365'), languages: ['vi', 'de'] }),
  person('minh', 100242, 'male', '1991-05-15', [native('vi', undefined, 'Trần', 'Quang', 'Minh')],
    { partner: 'thuy', marital: 'M', mobile: 12, email: 'minh.tran@example.org', address: berlin('Lotosufer 77', '10365'), languages: ['vi', 'de'] }),
  person('priya', 100243, 'female', '1991-10-27', [native('hi', 'ABC', 'शर्मा', 'प्रिया'), romanised('Sharma', 'Priya')],
    { partner: 'arjun', marital: 'M', mobile: 13, email: 'priya.sharma@example.com', address: berlin('Mangostraße 40', '13357'), languages: ['hi', 'en'] }),
  person('arjun', 100244, 'male', '1989-04-04', [native('hi', 'ABC', 'शर्मा', 'अर्जुन'), romanised('Sharma', 'Arjun')],
    { partner: 'priya', marital: 'M', mobile: 14, email: 'arjun.sharma@example.com', address: berlin('Mangostraße 40', '13357'), languages: ['hi', 'en', 'de'] }),
  person('zeynep', 100245, 'female', '1988-12-19', [latin('Yıldırım', 'Zeynep'), maiden('Şahin', 'Zeynep')],
    { partner: 'emre', marital: 'M', mobile: 15, email: 'zeynep.yildirim@example.net', address: berlin('Feigenbaumring 6', '10999'), languages: ['de', 'tr'] }),
  person('emre', 100246, 'male', '1985-08-08', [latin('Yıldırım', 'Emre')],
    { partner: 'zeynep', marital: 'M', mobile: 16, email: 'emre.yildirim@example.net', address: berlin('Feigenbaumring 6', '10999'), languages: ['tr', 'de'] }),
  person('elodie', 100247, 'female', '1990-05-29', [latin('Lefèvre', 'Élodie', 'Marie')],
    { partner: 'ines', marital: 'M', mobile: 17, email: 'elodie.lefevre@example.org', address: berlin('Fliederpromenade 22', '10437'), languages: ['fr', 'de'] }),
  person('ines', 100248, 'female', '1993-01-12', [latin('Gonçalves', 'Inês')],
    { partner: 'elodie', marital: 'M', mobile: 18, email: 'ines.goncalves@example.org', address: berlin('Fliederpromenade 22', '10437'), languages: ['pt', 'de'] }),
];

/** Each donor has two records; the pseudonymous one knows nothing of the other. */
const DONORS = [
  person('gudrun', 100250, 'female', '1998-02-03', [['official', 'is', undefined, 'Þórðardóttir', ['Guðrún']], romanised('Thordardottir', 'Gudrun')],
    { donorRecord: 'donor-7k2m', marital: 'S', mobile: 20, email: 'gudrun.th@example.com', address: berlin('Moosgasse 8', '10245'), languages: ['is', 'en', 'de'] }),
  { id: 'donor-7k2m', donorCode: 'DN-7K2M', gender: 'female', born: '1998', names: [] },
  person('mads', 100251, 'male', '1996-06-22', [latin('Østergård', 'Mads')],
    { donorRecord: 'donor-q4hx', marital: 'S', mobile: 21, email: 'mads.ostergard@example.com', address: berlin('Kleine Fährstraße 3', '10317'), languages: ['da', 'de'] }),
  { id: 'donor-q4hx', donorCode: 'DN-Q4HX', gender: 'male', born: '1996', names: [] },
];

const ALONE = [
  person('noa', 100249, 'female', '1986-04-14', [native('he', 'ABC', 'בן־דוד', 'נועה'), romanised('Ben-David', 'Noa')],
    { marital: 'S', mobile: 19, email: 'noa.bendavid@example.net', address: berlin('Mandelweg 11', '10629'), languages: ['he', 'en'] }),
  person('katerina', 100252, 'female', '1990-09-01', [latin('Dvořáková', 'Kateřina')],
    { marital: 'M', mobile: 22, email: 'katerina.dvorakova@example.org', address: berlin('Moldauer Zeile 4', '12053'), languages: ['cs', 'de'] }),
  person('hannah', 100253, 'female', '1995-07-07', [latin('Großmann', 'Hannah')],
    { marital: 'S', mobile: 23, email: 'hannah.grossmann@example.org', address: berlin('Zwillingsgasse 1', '13407'), languages: ['de'], birthOrder: 1 }),
  person('johanna', 100254, 'female', '1995-07-07', [latin('Großmann', 'Johanna')],
    { marital: 'S', mobile: 24, email: 'johanna.grossmann@example.org', address: berlin('Zwillingsgasse 1', '13407'), languages: ['de'], birthOrder: 2 }),
  person('sakura', 100259, 'female', '1994-03-28', [native('ja', 'IDE', '佐藤', 'さくら'), ['official', 'ja', 'SYL', 'サトウ', ['サクラ']], romanised('Satō', 'Sakura')],
    { marital: 'S', mobile: 25, email: 'sakura.sato@example.com', address: berlin('Kirschblütenpfad 19', '12439'), languages: ['ja', 'en'], interpreter: true,
      oldAddress: { line: '桜ヶ丘三丁目2-15', postalCode: '206-0013', city: '多摩市', state: '東京都', country: 'JP', language: 'ja' } }),
  person('jiwoo', 100260, 'female', '1989-11-11', [native('ko', undefined, '김', '지우'), romanised('Kim', 'Ji-woo')],
    { marital: 'S', mobile: 26, email: 'jiwoo.kim@example.com', address: berlin('Kieferndamm 60', '14195'), languages: ['ko', 'en', 'de'] }),
  person('szymon', 100261, 'male', '1997-02-17', [latin('Wiśniewski', 'Szymon')],
    { marital: 'S', mobile: 27, email: 'szymon.w@example.net', address: berlin('Weichselring 13', '12045'), languages: ['pl', 'de'] }),
  person('tamar', 100262, 'female', '1985-05-05', [native('ka', 'ABC', 'ბერიძე', 'თამარ'), romanised('Beridze', 'Tamar')],
    { marital: 'M', mobile: 28, email: 'tamar.beridze@example.org', address: berlin('Weinbergstieg 7', '10119'), languages: ['ka', 'de'] }),
  person('anahit', 100263, 'female', '1993-08-13', [native('hy', 'ABC', 'Պետրոսյան', 'Անահիտ'), romanised('Petrosyan', 'Anahit')],
    { marital: 'M', mobile: 29, email: 'anahit.petrosyan@example.org', address: berlin('Aprikosenhof 2', '10247'), languages: ['hy', 'ru', 'de'] }),
  person('malee', 100264, 'female', '1990-12-05', [native('th', 'ABC', 'ศรีสุข', 'มาลี'), romanised('Srisuk', 'Malee')],
    { marital: 'M', mobile: 30, email: 'malee.srisuk@example.net', address: berlin('Jasminweg 25', '10715'), languages: ['th', 'de'] }),
  person('selam', 100265, 'female', '1988-01-30', [native('am', 'SYL', 'ተስፋዬ', 'ሰላም'), romanised('Tesfaye', 'Selam')],
    { marital: 'D', mobile: 31, email: 'selam.tesfaye@example.org', address: berlin('Kaffeehof 12', '13353'), languages: ['am', 'en'], interpreter: true }),
  person('farzaneh', 100266, 'female', '1992-07-22', [native('fa', 'ABC', 'رضایی', 'فرزانه'), romanised('Rezaei', 'Farzaneh')],
    { marital: 'M', mobile: 32, email: 'farzaneh.rezaei@example.com', address: berlin('Rosengartenweg 8', '12157'), languages: ['fa', 'de'] }),
  person('djordje', 100267, 'male', '1983-03-03', [native('sr', 'ABC', 'Јовановић', 'Ђорђе'), romanised('Jovanović', 'Đorđe')],
    { marital: 'M', mobile: 33, email: 'djordje.jovanovic@example.com', address: berlin('Donauplatz 16', '12049'), languages: ['sr', 'de'] }),
  person('fatou', 100268, 'female', '1987-10-19', [latin("N'Diaye", 'Fatou')],
    { marital: 'M', mobile: 34, email: 'fatou.ndiaye@example.org', address: berlin('Baobabzeile 21', '13359'), languages: ['fr', 'wo', 'de'] }),
];

/** Records that front desk made a second time; `$match` must find each of them. */
const TWICE = [
  person('brueckner-a', 100255, 'female', '1992-04-17', [latin('Bruckner', 'Anna')],
    { copyOf: 'anna', mobile: 1, address: berlin('Ahornsteig 14', '10555'), languages: ['de'] }),
  person('kovalenko-o', 100256, 'female', '1989-03-06', [latin('Kovalenko', 'Olena')],
    { copyOf: 'olena', mobile: 3, email: 'olena.kovalenko@example.com', address: berlin('Birkenhof 5', '12435'), languages: ['uk'] }),
  person('nguyen-tt', 100257, 'female', '1994-08-24', [latin('Nguyen', 'Thi Thu Thuy')],
    { copyOf: 'thuy', email: 'thuthuy.nguyen@example.org', address: berlin('Lotosufer 79', '10365'), languages: ['de'] }),
  person('yildirim-z', 100258, 'female', '1988-12-18', [latin('Yildirim', 'Zeynep')],
    { copyOf: 'zeynep', mobile: 15, address: berlin('Feigenbaumring 6', '10999'), languages: ['tr'] }),
];

export const PEOPLE = [...COUPLES, ...DONORS, ...ALONE, ...TWICE];

/** Others a patient names: `relationship` is a code of v3-RoleCode. */
export const CONTACTS = [
  { id: 'mother-of-sakura', patient: 'sakura', relationship: ['MTH', 'mother'], gender: 'female', mobile: 40,
    names: [native('ja', 'IDE', '佐藤', '恵子'), romanised('Satō', 'Keiko')], language: 'ja' },
  { id: 'sister-of-szymon', patient: 'szymon', relationship: ['SIS', 'sister'], gender: 'female', mobile: 41,
    names: [latin('Wiśniewska', 'Zuzanna')], language: 'pl' },
  { id: 'husband-of-katerina', patient: 'katerina', relationship: ['HUSB', 'husband'], gender: 'male', mobile: 42,
    names: [latin('Dvořák', 'Tomáš')], language: 'cs' },
  { id: 'husband-of-tamar', patient: 'tamar', relationship: ['HUSB', 'husband'], gender: 'male', mobile: 43,
    names: [native('ka', 'ABC', 'ბერიძე', 'ლევან'), romanised('Beridze', 'Levan')], language: 'ka' },
  { id: 'friend-of-noa', patient: 'noa', relationship: ['FRND', 'unrelated friend'], gender: 'female', mobile: 44,
    names: [latin('Rosenbaum', 'Mira')], language: 'de' },
  { id: 'sister-of-anahit', patient: 'anahit', relationship: ['SIS', 'sister'], gender: 'female', mobile: 45,
    names: [native('hy', 'ABC', 'Պետրոսյան', 'Նարե'), romanised('Petrosyan', 'Nare')], language: 'hy' },
];

/** Numbers that the regulator keeps free for fiction. */
export const mobileNumber = (index) => `+49 171 39200${String(index).padStart(2, '0')}`;

// These write the family name first.
const FAMILY_FIRST = new Set(['zh', 'ja', 'ko', 'vi']);

export function textOfName([, language, , family, given]) {
  const parts = FAMILY_FIRST.has(language) ? [family, ...given] : [...given, family];
  return parts.join(language === 'zh' ? '' : ' ');
}
